//! The order in which a person reads the document: the parts of the whole, operations as they
//! follow one another in the life of a job, and fields as their types have them.

use std::collections::BTreeMap;

use poem_openapi::registry::Registry;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// The parts of the document.
const PARTS: [&str; 6] = ["openapi", "info", "servers", "tags", "paths", "components"];

/// What is known of the order. The rest has the alphabet's.
pub(super) struct Order {
    /// The fields of each object.
    fields: BTreeMap<String, Vec<&'static str>>,
    /// The ids of the operations.
    operations: Vec<&'static str>,
}

impl Order {
    pub(super) fn new(registry: &Registry, operations: Vec<&'static str>) -> Self {
        let schemas = registry.schemas.iter();
        let fields = schemas.map(|(name, schema)| {
            let fields = schema.properties.iter().map(|(field, _)| *field);
            (name.clone(), fields.collect())
        });
        Self {
            fields: fields.collect(),
            operations,
        }
    }

    pub(super) fn of<'a>(&'a self, document: &'a Value) -> impl Serialize + 'a {
        Ordered {
            value: document,
            place: Place::Document,
            order: self,
        }
    }

    fn rank_of(&self, place: Place<'_>, object: &Value, key: &str, value: &Value) -> usize {
        let index = match place {
            Place::Document => PARTS.iter().position(|part| *part == key),
            Place::Paths => self.first_operation_of(value),
            Place::Path => self.number_of(value),
            Place::Properties(component) => position(self.fields.get(component), key),
            Place::Example => position(self.fields_like(object), key),
            Place::Components | Place::Schemas | Place::Schema(_) | Place::Elsewhere => None,
        };
        index.unwrap_or(usize::MAX)
    }

    fn first_operation_of(&self, item: &Value) -> Option<usize> {
        let operations = item.as_object()?.values();
        operations.filter_map(|one| self.number_of(one)).min()
    }

    fn number_of(&self, operation: &Value) -> Option<usize> {
        let id = operation["operationId"].as_str()?;
        self.operations.iter().position(|known| *known == id)
    }

    /// The fields of the smallest object that has all fields of this one.
    fn fields_like(&self, object: &Value) -> Option<&Vec<&'static str>> {
        let keys = object.as_object()?;
        let has_all = |fields: &&Vec<&str>| keys.keys().all(|key| fields.contains(&key.as_str()));
        self.fields
            .values()
            .filter(has_all)
            .min_by_key(|fields| fields.len())
    }
}

fn position(names: Option<&Vec<&'static str>>, key: &str) -> Option<usize> {
    names?.iter().position(|name| *name == key)
}

/// Where in the document a value stands.
#[derive(Clone, Copy)]
enum Place<'a> {
    Document,
    Paths,
    Path,
    Components,
    Schemas,
    Schema(&'a str),
    Properties(&'a str),
    Example,
    Elsewhere,
}

impl<'a> Place<'a> {
    fn of_member(self, key: &'a str) -> Self {
        match (self, key) {
            (Self::Document, "paths") => Self::Paths,
            (Self::Document, "components") => Self::Components,
            (Self::Paths, _) => Self::Path,
            (Self::Components, "schemas") => Self::Schemas,
            (Self::Schemas, name) => Self::Schema(name),
            (Self::Schema(name), "properties") => Self::Properties(name),
            (Self::Example, _) | (_, "example" | "value") => Self::Example,
            _ => Self::Elsewhere,
        }
    }
}

struct Ordered<'a> {
    value: &'a Value,
    place: Place<'a>,
    order: &'a Order,
}

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Object(object) => {
                let mut members: Vec<(&String, &Value)> = object.iter().collect();
                members.sort_by_key(|(key, value)| {
                    self.order.rank_of(self.place, self.value, key, value)
                });
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    let place = self.place.of_member(key);
                    map.serialize_entry(
                        key,
                        &Self {
                            value,
                            place,
                            order: self.order,
                        },
                    )?;
                }
                map.end()
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(|value| Self {
                value,
                place: self.place,
                order: self.order,
            })),
            scalar => scalar.serialize(serializer),
        }
    }
}
