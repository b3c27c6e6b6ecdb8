//! A rectangle with axes, a legend beside it, and lines or areas in it.

use super::canvas::{Anchor, Canvas, FAINT_INK, GRID, INK, Point, TextStyle};
use super::scale::Scale;

pub(super) const WIDTH: f64 = 960.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 190.0;

/// What a panel shows.
#[derive(Debug)]
pub(super) struct Panel<'text> {
    pub(super) heading: &'text str,
    pub(super) x_label: &'text str,
    pub(super) y_label: &'text str,
    pub(super) x_range: (f64, f64),
    pub(super) y_range: (f64, f64),
    /// Upper and lower edge, in pixels.
    pub(super) rows: (f64, f64),
}

/// A panel whose axes are drawn, ready for its content.
#[derive(Debug)]
pub(super) struct Axes<'canvas> {
    canvas: &'canvas mut Canvas,
    x: Scale,
    y: Scale,
    legend_at: Point,
}

/// How a legend shows an entry.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mark {
    Line,
    Dashes,
    Area,
}

impl Panel<'_> {
    pub(super) fn draw<'canvas>(&self, canvas: &'canvas mut Canvas) -> Axes<'canvas> {
        let (top, bottom) = self.rows;
        let right = WIDTH - RIGHT;
        let x = Scale::new(self.x_range, (LEFT, right));
        let y = Scale::new(self.y_range, (bottom, top));
        canvas.text((LEFT, top - 14.0), TextStyle::HEADING, self.heading);

        let label = TextStyle::LABEL;
        for (value, text) in y.ticks(5) {
            let row = y.at(value);
            canvas.line((LEFT, row), (right, row), GRID, 1.0);
            canvas.text((LEFT - 10.0, row + 4.5), label.anchored(Anchor::End), &text);
        }
        canvas.line((LEFT, bottom), (right, bottom), FAINT_INK, 1.2);
        for (value, text) in x.ticks(8) {
            let column = x.at(value);
            canvas.line((column, bottom), (column, bottom + 5.0), FAINT_INK, 1.2);
            canvas.text(
                (column, bottom + 20.0),
                label.anchored(Anchor::Middle),
                &text,
            );
        }
        let middle = f64::midpoint(LEFT, right);
        canvas.text(
            (middle, bottom + 41.0),
            label.anchored(Anchor::Middle),
            self.x_label,
        );
        let middle = f64::midpoint(top, bottom);
        canvas.upward_text((24.0, middle), label.anchored(Anchor::Middle), self.y_label);
        Axes {
            canvas,
            x,
            y,
            legend_at: (right + 22.0, top + 10.0),
        }
    }
}

impl Axes<'_> {
    pub(super) fn line(&mut self, points: impl IntoIterator<Item = Point>, colour: &str) {
        let points = self.pixels(points);
        self.canvas.polyline(&points, colour, 1.8, None);
    }

    pub(super) fn dashes(&mut self, points: impl IntoIterator<Item = Point>, colour: &str) {
        let points = self.pixels(points);
        self.canvas.polyline(&points, colour, 1.8, Some("6 5"));
    }

    /// The area whose outline goes through the points.
    pub(super) fn area(
        &mut self,
        outline: impl IntoIterator<Item = Point>,
        colour: &str,
        opacity: f64,
    ) {
        let points = self.pixels(outline);
        self.canvas.polygon(&points, colour, opacity);
    }

    /// Adds a line to the legend.
    pub(super) fn legend(&mut self, mark: Mark, colour: &str, text: &str) {
        let (left, row) = self.legend_at;
        let middle = row - 4.5;
        let ends = [(left, middle), (left + 22.0, middle)];
        match mark {
            Mark::Line => self.canvas.polyline(&ends, colour, 2.6, None),
            Mark::Dashes => self.canvas.polyline(&ends, colour, 1.8, Some("6 5")),
            Mark::Area => self
                .canvas
                .rectangle((left, row - 11.0), (22.0, 13.0), colour),
        }
        let style = TextStyle {
            colour: INK,
            ..TextStyle::LABEL
        };
        self.canvas.text((left + 31.0, row), style, text);
        self.legend_at.1 += 22.0;
    }

    /// Adds a line of text to the legend.
    pub(super) fn note(&mut self, text: &str) {
        let at = self.legend_at;
        self.canvas.text(at, TextStyle::LABEL, text);
        self.legend_at.1 += 19.0;
    }

    fn pixels(&self, points: impl IntoIterator<Item = Point>) -> Vec<Point> {
        points
            .into_iter()
            .map(|(x, y)| (self.x.at(x), self.y.at(y)))
            .collect()
    }
}

/// The title above all panels and the caption below them.
pub(super) fn frame(canvas: &mut Canvas, title: &str, caption: &[&str], height: f64) {
    canvas.text((LEFT, 44.0), TextStyle::TITLE, title);
    for (index, line) in caption.iter().rev().enumerate() {
        let row = height - 20.0 - 19.0 * index as f64;
        canvas.text((LEFT, row), TextStyle::LABEL, line);
    }
}
