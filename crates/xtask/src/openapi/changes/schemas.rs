//! Schemas: whether what was valid still is, or what is valid now was before.

use serde_json::Value;

use super::{Comparison, Direction, entries, members, resolved};

/// Bounds from below and from above.
const LEAST: [&str; 4] = ["minimum", "minLength", "minItems", "minProperties"];
const MOST: [&str; 4] = ["maximum", "maxLength", "maxItems", "maxProperties"];

/// Demands that can be there, be gone or be others, and are not compared beyond that.
const DEMANDS: [&str; 7] = [
    "format",
    "pattern",
    "multipleOf",
    "uniqueItems",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "not",
];

/// A schema without what only wraps it.
struct Bare<'a> {
    schema: &'a Value,
    /// The last part of the reference to it.
    name: Option<&'a str>,
    is_nullable: bool,
}

impl<'a> Bare<'a> {
    fn of(document: &'a Value, schema: &'a Value) -> Self {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = Self::of(document, resolved(document, schema));
            let name = reference.rsplit('/').next();
            return Self { name, ..target };
        }
        let is_null = |part: &&Value| part["enum"] == serde_json::json!([null]);
        let is_nullable = schema["nullable"] == true;
        for combination in ["allOf", "oneOf", "anyOf"] {
            let parts = members(&schema[combination]);
            let mut others = parts.iter().filter(|part| !is_null(part));
            if let (Some(only), None) = (others.next(), others.next()) {
                let inner = Self::of(document, only);
                let is_nullable = is_nullable || inner.is_nullable || parts.len() > 1;
                return Self {
                    is_nullable,
                    ..inner
                };
            }
        }
        Self {
            schema,
            name: None,
            is_nullable,
        }
    }
}

impl Comparison<'_> {
    pub(super) fn schemas(&mut self, place: &str, old: &Value, new: &Value, direction: Direction) {
        let (old_document, new_document) = (self.old, self.new);
        if direction == Direction::Taken && old["default"] != new["default"] {
            self.breaks(
                place,
                format!("default {} is {} now", old["default"], new["default"]),
            );
        }
        let (old, new) = (Bare::of(old_document, old), Bare::of(new_document, new));
        if old.name != new.name {
            let called = |name: Option<&str>| name.unwrap_or("without a name").to_owned();
            let what = format!(
                "the schema {} is {} now",
                called(old.name),
                called(new.name)
            );
            self.breaks(place, what);
        }
        match (direction, old.is_nullable, new.is_nullable) {
            (Direction::Taken, true, false) => self.breaks(place, "can't be null any more"),
            (Direction::Given, false, true) => self.breaks(place, "can be null now"),
            _ => {}
        }
        let mut place = place.to_owned();
        if let (Some(old_name), Some(new_name)) = (old.name, new.name) {
            if !self
                .seen
                .insert((old_name.to_owned(), new_name.to_owned(), direction))
            {
                return;
            }
            place = format!("{old_name} ({})", in_words(direction));
        }
        self.bare_schemas(&place, old.schema, new.schema, direction);
    }

    fn bare_schemas(&mut self, place: &str, old: &Value, new: &Value, direction: Direction) {
        if !self.types(place, old, new, direction) {
            return;
        }
        self.enumerations(place, old, new, direction);
        for demand in DEMANDS {
            self.demand(place, demand, old, new, direction);
        }
        for bound in LEAST.iter().chain(&MOST) {
            self.bound(place, bound, old, new, direction);
        }
        self.properties(place, old, new, direction);
        self.other_properties(place, old, new, direction);
        if let (Some(old), Some(new)) = (old.get("items"), new.get("items")) {
            self.schemas(&format!("{place}, items"), old, new, direction);
        }
        self.combinations(place, old, new, direction);
    }

    /// Whether the types are such that more is to be compared.
    fn types(&mut self, place: &str, old: &Value, new: &Value, direction: Direction) -> bool {
        let (wide, narrow) = match direction {
            Direction::Taken => (&new["type"], &old["type"]),
            Direction::Given => (&old["type"], &new["type"]),
        };
        let fits = wide == narrow || wide.is_null() || (wide == "number" && narrow == "integer");
        if !fits {
            self.breaks(
                place,
                format!("type {} is {} now", old["type"], new["type"]),
            );
        }
        fits
    }

    /// Answers may gain values. A value that is gone is gone from the clients' types too.
    fn enumerations(&mut self, place: &str, old: &Value, new: &Value, direction: Direction) {
        match (old.get("enum"), new.get("enum")) {
            (None, Some(_)) if direction == Direction::Taken => {
                self.breaks(place, "only some values are taken now");
            }
            (Some(_), None) if direction == Direction::Given => {
                self.breaks(place, "can have any value now");
            }
            (Some(old), Some(new)) => {
                for value in members(old)
                    .iter()
                    .filter(|value| !members(new).contains(value))
                {
                    self.breaks(place, format!("the value {value} is no longer there"));
                }
            }
            _ => {}
        }
    }

    fn demand(&mut self, place: &str, name: &str, old: &Value, new: &Value, direction: Direction) {
        let (old, new) = (&old[name], &new[name]);
        let harmless = match direction {
            Direction::Taken => new.is_null() || (old == "int32" && new == "int64"),
            Direction::Given => old.is_null() || (old == "int64" && new == "int32"),
        };
        if old != new && !harmless {
            self.breaks(place, format!("{name} {old} is {new} now"));
        }
    }

    /// Requests are never bounded more tightly, answers never less.
    fn bound(&mut self, place: &str, name: &str, old: &Value, new: &Value, direction: Direction) {
        let (old, new) = (&old[name], &new[name]);
        let (wide, narrow) = match direction {
            Direction::Taken => (new, old),
            Direction::Given => (old, new),
        };
        let fits = match (wide.as_f64(), narrow.as_f64()) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wide), Some(narrow)) if LEAST.contains(&name) => wide <= narrow,
            (Some(wide), Some(narrow)) => wide >= narrow,
        };
        if !fits {
            self.breaks(place, format!("{name} {old} is {new} now"));
        }
    }

    fn properties(&mut self, place: &str, old: &Value, new: &Value, direction: Direction) {
        let requires = |schema: &Value, name: &str| {
            members(&schema["required"])
                .iter()
                .any(|required| required == name)
        };
        for (name, old_property) in entries(&old["properties"]) {
            let place = format!("{place}, property {name}");
            let Some(new_property) = new["properties"].get(name) else {
                self.breaks(&place, "is no longer there");
                continue;
            };
            match (direction, requires(old, name), requires(new, name)) {
                (Direction::Taken, false, true) => self.breaks(&place, "is required now"),
                (Direction::Given, true, false) => self.breaks(&place, "can be missing now"),
                _ => {}
            }
            self.schemas(&place, old_property, new_property, direction);
        }
        for (name, _) in entries(&new["properties"]) {
            let is_new = old["properties"].get(name).is_none();
            if direction == Direction::Taken && is_new && requires(new, name) {
                let place = format!("{place}, property {name}");
                self.breaks(&place, "is new and required");
            }
        }
    }

    /// Answers may gain fields, whatever was said of those that nobody named.
    fn other_properties(&mut self, place: &str, old: &Value, new: &Value, direction: Direction) {
        let anything = Value::Bool(true);
        let of = |schema: &Value| {
            schema
                .get("additionalProperties")
                .unwrap_or(&anything)
                .clone()
        };
        let (old, new) = (of(old), of(new));
        let place = format!("{place}, other properties");
        match (direction, &old, &new) {
            (_, Value::Object(_), Value::Object(_)) => self.schemas(&place, &old, &new, direction),
            (Direction::Taken, Value::Bool(false), _)
            | (Direction::Taken, _, Value::Bool(true)) => {}
            (Direction::Taken, _, _) => self.breaks(&place, "are not all taken any more"),
            (Direction::Given, Value::Object(_), Value::Bool(true)) => {
                self.breaks(&place, "can have any value now");
            }
            (Direction::Given, _, _) => {}
        }
    }

    /// Schemas of several parts: each that is still needed must stand in the other as it is.
    fn combinations(&mut self, place: &str, old: &Value, new: &Value, direction: Direction) {
        for name in ["allOf", "oneOf", "anyOf"] {
            let (old, new) = (members(&old[name]), members(&new[name]));
            // More parts of `allOf` ask for more, more of the others for less.
            let kept_are_old = (direction == Direction::Taken) != (name == "allOf");
            let (kept, among) = if kept_are_old { (old, new) } else { (new, old) };
            for part in kept {
                if among.contains(part) {
                    self.schemas(&format!("{place}, {name}"), part, part, direction);
                } else {
                    self.breaks(place, format!("{name} has other parts"));
                }
            }
        }
    }
}

const fn in_words(direction: Direction) -> &'static str {
    match direction {
        Direction::Taken => "in requests",
        Direction::Given => "in answers",
    }
}
