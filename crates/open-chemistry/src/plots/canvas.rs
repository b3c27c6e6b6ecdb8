//! A drawing, written as SVG.

use std::fmt::Write as _;

pub(super) const INK: &str = "#1f2933";
pub(super) const FAINT_INK: &str = "#616e7c";
pub(super) const GRID: &str = "#e4e7eb";
const FONTS: &str = "Inter, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";

/// A point of the drawing, in pixels from the upper left corner.
pub(super) type Point = (f64, f64);

/// A drawing that grows.
#[derive(Debug)]
pub(super) struct Canvas {
    width: f64,
    height: f64,
    body: String,
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextStyle {
    pub(super) size: f64,
    pub(super) colour: &'static str,
    pub(super) weight: u32,
    pub(super) anchor: Anchor,
}

/// Which part of a text is at its point.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl TextStyle {
    pub(super) const LABEL: Self = Self {
        size: 13.0,
        colour: FAINT_INK,
        weight: 400,
        anchor: Anchor::Start,
    };
    pub(super) const HEADING: Self = Self {
        size: 15.0,
        colour: INK,
        weight: 600,
        anchor: Anchor::Start,
    };
    pub(super) const TITLE: Self = Self {
        size: 21.0,
        colour: INK,
        weight: 600,
        anchor: Anchor::Start,
    };

    pub(super) fn anchored(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }
}

impl Canvas {
    /// A white sheet, with a name for those who can't see it.
    pub(super) fn new(width: f64, height: f64, title: &str, description: &str) -> Self {
        let mut canvas = Self {
            width,
            height,
            body: String::new(),
        };
        let _ = writeln!(canvas.body, "<title>{}</title>", escaped(title));
        let _ = writeln!(canvas.body, "<desc>{}</desc>", escaped(description));
        canvas.rectangle((0.0, 0.0), (width, height), "#ffffff");
        canvas
    }

    pub(super) fn finish(self) -> String {
        let Self {
            width,
            height,
            body,
        } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\" font-family=\"{FONTS}\">\n\
             {body}</svg>\n"
        )
    }

    pub(super) fn text(&mut self, (x, y): Point, style: TextStyle, text: &str) {
        self.write_text(&format!("x=\"{x:.1}\" y=\"{y:.1}\""), style, text);
    }

    /// A text that reads upwards.
    pub(super) fn upward_text(&mut self, (x, y): Point, style: TextStyle, text: &str) {
        self.write_text(
            &format!("transform=\"translate({x:.1} {y:.1}) rotate(-90)\""),
            style,
            text,
        );
    }

    fn write_text(&mut self, place: &str, style: TextStyle, text: &str) {
        let TextStyle {
            size,
            colour,
            weight,
            anchor,
        } = style;
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let _ = writeln!(
            self.body,
            "<text {place} font-size=\"{size}\" fill=\"{colour}\" font-weight=\"{weight}\" \
             text-anchor=\"{anchor}\">{}</text>",
            escaped(text),
        );
    }

    pub(super) fn rectangle(&mut self, (x, y): Point, (width, height): Point, colour: &str) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             fill=\"{colour}\"/>",
        );
    }

    pub(super) fn circle(&mut self, (x, y): Point, radius: f64, colour: &str) {
        let _ = writeln!(
            self.body,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{colour}\" \
             stroke=\"#ffffff\" stroke-width=\"1.5\"/>",
        );
    }

    pub(super) fn line(&mut self, from: Point, to: Point, colour: &str, width: f64) {
        self.polyline(&[from, to], colour, width, None);
    }

    /// A line through points; `dashes` as SVG's `stroke-dasharray`.
    pub(super) fn polyline(
        &mut self,
        points: &[Point],
        colour: &str,
        width: f64,
        dashes: Option<&str>,
    ) {
        let dashes = dashes
            .map(|dashes| format!(" stroke-dasharray=\"{dashes}\""))
            .unwrap_or_default();
        let _ = writeln!(
            self.body,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" \
             stroke-linejoin=\"round\" stroke-linecap=\"round\"{dashes}/>",
            coordinates(points),
        );
    }

    pub(super) fn polygon(&mut self, points: &[Point], colour: &str, opacity: f64) {
        let _ = writeln!(
            self.body,
            "<polygon points=\"{}\" fill=\"{colour}\" fill-opacity=\"{opacity}\"/>",
            coordinates(points),
        );
    }

    /// An arrow bent to its left.
    pub(super) fn arrow(&mut self, from: Point, to: Point, colour: &str, width: f64) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy).max(1.0);
        let bend = (
            f64::midpoint(from.0, to.0) + 0.12 * dy,
            f64::midpoint(from.1, to.1) - 0.12 * dx,
        );
        let _ = writeln!(
            self.body,
            "<path d=\"M{:.1} {:.1} Q{:.1} {:.1} {:.1} {:.1}\" fill=\"none\" stroke=\"{colour}\" \
             stroke-width=\"{width:.2}\" stroke-opacity=\"0.75\"/>",
            from.0, from.1, bend.0, bend.1, to.0, to.1,
        );
        let (ux, uy) = ((to.0 - bend.0) / length, (to.1 - bend.1) / length);
        let scale = (ux.hypot(uy)).max(f64::EPSILON);
        let (ux, uy) = (ux / scale, uy / scale);
        let size = 4.5 + 1.5 * width;
        let base = (to.0 - size * ux, to.1 - size * uy);
        let half = 0.45 * size;
        let wing = |side: f64| (base.0 - side * half * uy, base.1 + side * half * ux);
        self.polygon(&[to, wing(1.0), wing(-1.0)], colour, 0.9);
    }
}

fn coordinates(points: &[Point]) -> String {
    let mut text = String::with_capacity(12 * points.len());
    for (index, (x, y)) in points.iter().enumerate() {
        let space = if index == 0 { "" } else { " " };
        let _ = write!(text, "{space}{x:.1},{y:.1}");
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
