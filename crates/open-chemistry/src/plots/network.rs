//! A network of molecules, drawn on a circle.

use std::f64::consts::TAU;

use super::COLOURS;
use super::canvas::{Anchor, Canvas, INK, TextStyle};
use super::panel::{WIDTH, frame};

const HEIGHT: f64 = 880.0;
const CENTRE: (f64, f64) = (480.0, 430.0);
const RADIUS: f64 = 310.0;
/// Width of the ring around a node that leads to itself.
const RING: f64 = 4.0;

/// A kind of molecule.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkNode {
    /// Its composition.
    pub name: String,
    /// How large it is drawn, relative to the others.
    pub weight: f64,
    /// Whether it stands out.
    pub highlighted: bool,
}

/// An arrow between two kinds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NetworkEdge {
    /// Place of the node that it starts from.
    pub from: usize,
    /// Place of the node that it leads to.
    pub to: usize,
    /// How thick it is drawn, relative to the others.
    pub weight: f64,
    /// Whether it stands out.
    pub highlighted: bool,
}

/// Draws a network. The caption's lines say what arrows and colours mean.
#[must_use]
pub fn network(
    title: &str,
    caption: &[&str],
    nodes: &[NetworkNode],
    edges: &[NetworkEdge],
) -> String {
    let mut canvas = Canvas::new(WIDTH, HEIGHT, title, &caption.join(" "));
    frame(&mut canvas, title, caption, HEIGHT);
    let places: Vec<(f64, f64)> = (0..nodes.len())
        .map(|index| place(index, nodes.len()))
        .collect();
    let heaviest_node = nodes
        .iter()
        .map(|node| node.weight)
        .fold(f64::MIN_POSITIVE, f64::max);
    let heaviest_edge = edges
        .iter()
        .map(|edge| edge.weight)
        .fold(f64::MIN_POSITIVE, f64::max);
    let radius = |index: usize| 5.0 + 13.0 * (nodes[index].weight / heaviest_node).sqrt();

    // What stands out is drawn last, on top.
    for highlighted in [false, true] {
        for edge in edges.iter().filter(|edge| edge.highlighted == highlighted) {
            let width = 0.8 + 4.0 * (edge.weight / heaviest_edge).sqrt();
            let colour = if highlighted { COLOURS[1] } else { "#9fb3c8" };
            draw_edge(&mut canvas, edge, &places, radius(edge.to), colour, width);
        }
    }
    for (index, node) in nodes.iter().enumerate() {
        let colour = if node.highlighted {
            COLOURS[1]
        } else {
            COLOURS[0]
        };
        canvas.circle(places[index], radius(index), colour);
        label(&mut canvas, places[index], radius(index) + RING, &node.name);
    }
    if nodes.is_empty() {
        let style = TextStyle::HEADING.anchored(Anchor::Middle);
        canvas.text(
            CENTRE,
            style,
            "nothing to show: no reaction passed the filters",
        );
    }
    canvas.finish()
}

fn place(index: usize, count: usize) -> (f64, f64) {
    let (sine, cosine) = (TAU * index as f64 / count as f64).sin_cos();
    (CENTRE.0 + RADIUS * sine, CENTRE.1 - RADIUS * cosine)
}

fn draw_edge(
    canvas: &mut Canvas,
    edge: &NetworkEdge,
    places: &[(f64, f64)],
    target_radius: f64,
    colour: &str,
    width: f64,
) {
    let (from, to) = (places[edge.from], places[edge.to]);
    if edge.from == edge.to {
        // A node that leads to itself wears a ring.
        canvas.circle(to, target_radius + RING, colour);
        return;
    }
    let (dx, dy) = (from.0 - to.0, from.1 - to.1);
    let shorten = (target_radius + 1.5) / dx.hypot(dy);
    canvas.arrow(
        from,
        (to.0 + shorten * dx, to.1 + shorten * dy),
        colour,
        width,
    );
}

fn label(canvas: &mut Canvas, (x, y): (f64, f64), radius: f64, name: &str) {
    let outward = (x - CENTRE.0) / RADIUS;
    let distance = radius + 9.0;
    let direction = ((x - CENTRE.0) / RADIUS, (y - CENTRE.1) / RADIUS);
    let anchor = if outward > 0.25 {
        Anchor::Start
    } else if outward < -0.25 {
        Anchor::End
    } else {
        Anchor::Middle
    };
    let at = (x + distance * direction.0, y + distance * direction.1 + 4.5);
    canvas.text(
        at,
        TextStyle {
            colour: INK,
            ..TextStyle::LABEL
        }
        .anchored(anchor),
        name,
    );
}
