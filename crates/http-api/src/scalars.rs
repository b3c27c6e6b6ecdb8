//! Single values of answers that are more than text: each has its own schema in the document.

use std::borrow::Cow;

use batchway_domain::Timestamp;
use batchway_domain::job::{EventKind, FailureClass, JobStatus};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::delivery_object::DELIVERY_WORDS;

/// How a value stands in the document: in place, or once under a name that all refer to.
enum Place {
    Inline,
    Named(&'static str),
}

macro_rules! scalar {
    (
        $(#[$doc:meta])*
        $name:ident($inner:ty), $place:expr, $schema:expr, $write:expr, $read:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name(pub(crate) $inner);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let write: fn(&$inner) -> Cow<'static, str> = $write;
                serializer.serialize_str(&write(&self.0))
            }
        }

        impl Type for $name {
            const IS_REQUIRED: bool = true;
            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn schema_ref() -> MetaSchemaRef {
                match $place {
                    Place::Inline => MetaSchemaRef::Inline(Box::new($schema)),
                    Place::Named(name) => MetaSchemaRef::Reference(name.to_owned()),
                }
            }

            fn register(registry: &mut Registry) {
                if let Place::Named(name) = $place {
                    registry.create_schema::<Self, _>(name.to_owned(), |_| $schema);
                }
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(std::iter::once(self))
            }
        }

        impl ToJSON for $name {
            fn to_json(&self) -> Option<Value> {
                serde_json::to_value(self).ok()
            }
        }

        impl ParseFromJSON for $name {
            fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
                let read: fn(&str) -> Option<$inner> = $read;
                let read = value.as_ref().and_then(Value::as_str).and_then(read);
                read.map(Self).ok_or_else(ParseError::expected_input)
            }
        }
    };
}

scalar!(
    /// A point in time, in UTC with milliseconds.
    DateTime(Timestamp),
    Place::Inline,
    MetaSchema::new_with_format("string", "date-time"),
    |time| time.to_string().into(),
    |text| Timestamp::parse_rfc3339(text).ok()
);

scalar!(
    /// The status of a job.
    StatusWord(JobStatus),
    Place::Named("JobStatus"),
    MetaSchema {
        description: Some(
            "Where a job is. `queued` and `running` are on the way; `completed`, `failed` and \
             `cancelled` are ends, and never change again."
        ),
        enum_items: JobStatus::ALL.iter().map(|status| status.as_str().into()).collect(),
        ..MetaSchema::new("string")
    },
    |status| status.as_str().into(),
    |text| text.parse().ok()
);

scalar!(
    /// The class of a failure.
    FailureWord(FailureClass),
    Place::Named("FailureClass"),
    MetaSchema {
        description: Some(
            "Which kind of failure, as each has another remedy. New kinds may be added."
        ),
        enum_items: failure_words(),
        ..MetaSchema::new("string")
    },
    |class| class.as_str().into(),
    |text| FailureClass::ALL.into_iter().find(|class| class.as_str() == text)
);

scalar!(
    /// What a webhook is called for.
    EventWord(EventKind),
    Place::Named("WebhookEventType"),
    MetaSchema {
        description: Some("What a webhook can tell of a job. New kinds may be added."),
        enum_items: EventKind::ALL
            .iter()
            .filter(|kind| kind.is_delivered())
            .map(|kind| kind.as_str().into())
            .collect(),
        ..MetaSchema::new("string")
    },
    |kind| kind.as_str().into(),
    |text| text.parse().ok().filter(|kind: &EventKind| kind.is_delivered())
);

scalar!(
    /// Where a delivery is.
    DeliveryWord(&'static str),
    Place::Named("WebhookDeliveryStatus"),
    MetaSchema {
        description: Some(
            "Where a delivery is: `pending` until it is `delivered` to the receiver, or `failed`, \
             as it was tried often enough or is not wanted."
        ),
        enum_items: DELIVERY_WORDS.map(Value::from).into(),
        ..MetaSchema::new("string")
    },
    |word| (*word).into(),
    |text| DELIVERY_WORDS.into_iter().find(|word| *word == text)
);

/// Every word once: two classes share one.
fn failure_words() -> Vec<Value> {
    let mut words: Vec<&str> = FailureClass::ALL
        .iter()
        .map(|class| class.as_str())
        .collect();
    words.sort_unstable();
    words.dedup();
    words.into_iter().map(Value::from).collect()
}
