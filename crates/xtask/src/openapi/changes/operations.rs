//! Paths, operations, their parameters, bodies and answers.

use serde_json::Value;

use super::{Comparison, Direction, entries, members, resolved};

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

impl Comparison<'_> {
    pub(super) fn documents(&mut self) {
        let (old, new) = (self.old, self.new);
        self.security_schemes();
        for (path, old_item) in entries(&old["paths"]) {
            self.path_items(path, old_item, &new["paths"][path], Direction::Taken);
        }
    }

    fn path_items(&mut self, place: &str, old: &Value, new: &Value, requests: Direction) {
        for method in METHODS {
            let Some(old) = old.get(method) else {
                continue;
            };
            let place = format!("{} {place}", method.to_uppercase());
            match new.get(method) {
                Some(new) => self.operations(&place, old, new, requests),
                None => self.breaks(&place, "is no longer there"),
            }
        }
    }

    /// `requests` says which way the requests go: those of callbacks come from the gateway.
    fn operations(&mut self, place: &str, old: &Value, new: &Value, requests: Direction) {
        let (old_id, new_id) = (&old["operationId"], &new["operationId"]);
        if old_id != new_id {
            self.breaks(place, format!("operationId {old_id} is {new_id} now"));
        }
        self.security(place, old, new);
        self.parameters(place, old, new, requests);
        self.request_bodies(place, &old["requestBody"], &new["requestBody"], requests);
        match requests {
            Direction::Taken => self.answers(place, &old["responses"], &new["responses"]),
            Direction::Given => self.expected_answers(place, old, new),
        }
        for (name, old) in entries(&old["callbacks"]) {
            for (expression, old) in entries(resolved(self.old, old)) {
                let new = resolved(self.new, &new["callbacks"][name]);
                let place = format!("{place}, callback {name} to {expression}");
                self.path_items(&place, old, &new[expression], Direction::Given);
            }
        }
    }

    fn parameters(&mut self, place: &str, old: &Value, new: &Value, direction: Direction) {
        let (old_document, new_document) = (self.old, self.new);
        let old = || {
            members(&old["parameters"])
                .iter()
                .map(|one| resolved(old_document, one))
        };
        let new = || {
            members(&new["parameters"])
                .iter()
                .map(|one| resolved(new_document, one))
        };
        let same = |a: &Value, b: &Value| a["name"] == b["name"] && a["in"] == b["in"];
        let place_of = |one: &Value| {
            let text = |field: &str| one[field].as_str().unwrap_or_default().to_owned();
            format!("{place}, {} parameter {}", text("in"), text("name"))
        };
        for old in old() {
            let place = place_of(old);
            match new().find(|new| same(old, new)) {
                None => self.breaks(&place, "is no longer there"),
                Some(new) => {
                    self.presence(&place, old, new, direction);
                    self.schemas(&place, &old["schema"], &new["schema"], direction);
                }
            }
        }
        let added = new().filter(|new| !old().any(|old| same(old, new)));
        for new in added.filter(|new| direction == Direction::Taken && is_required(new)) {
            self.breaks(&place_of(new), "is new and required");
        }
    }

    /// What could be left out of a request still can; what was always in an answer still is.
    fn presence(&mut self, place: &str, old: &Value, new: &Value, direction: Direction) {
        match (direction, is_required(old), is_required(new)) {
            (Direction::Taken, false, true) => self.breaks(place, "is required now"),
            (Direction::Given, true, false) => self.breaks(place, "can be missing now"),
            _ => {}
        }
    }

    fn request_bodies(&mut self, place: &str, old: &Value, new: &Value, direction: Direction) {
        let place = format!("{place}, body");
        let (old, new) = (resolved(self.old, old), resolved(self.new, new));
        match (old.is_null(), new.is_null()) {
            (true, true) => {}
            (false, true) => self.breaks(&place, "is no longer there"),
            (true, false) => {
                if direction == Direction::Taken && is_required(new) {
                    self.breaks(&place, "is new and required");
                }
            }
            (false, false) => {
                self.presence(&place, old, new, direction);
                self.contents(&place, &old["content"], &new["content"], direction);
            }
        }
    }

    fn contents(&mut self, place: &str, old: &Value, new: &Value, direction: Direction) {
        for (media_type, old) in entries(old) {
            let place = format!("{place} as {media_type}");
            match new.get(media_type) {
                Some(new) => self.schemas(&place, &old["schema"], &new["schema"], direction),
                None => self.breaks(&place, "is no longer there"),
            }
        }
    }

    /// Another success is one that no client expects; another error is an error.
    fn answers(&mut self, place: &str, old: &Value, new: &Value) {
        for (status, old) in entries(old) {
            let place = format!("{place}, answer {status}");
            match new.get(status) {
                Some(new) => {
                    let (old, new) = (resolved(self.old, old), resolved(self.new, new));
                    self.contents(&place, &old["content"], &new["content"], Direction::Given);
                    self.headers(&place, &old["headers"], &new["headers"]);
                }
                None if is_success(status) => self.breaks(&place, "is no longer given"),
                None => {}
            }
        }
        for (status, _) in entries(new) {
            if is_success(status) && old.get(status).is_none() {
                self.breaks(
                    &format!("{place}, answer {status}"),
                    "is a new kind of success",
                );
            }
        }
    }

    fn headers(&mut self, place: &str, old: &Value, new: &Value) {
        for (name, old) in entries(old) {
            let place = format!("{place}, header {name}");
            match new.get(name) {
                None => self.breaks(&place, "is no longer there"),
                Some(new) => {
                    let (old, new) = (resolved(self.old, old), resolved(self.new, new));
                    self.presence(&place, old, new, Direction::Given);
                    self.schemas(&place, &old["schema"], &new["schema"], Direction::Given);
                }
            }
        }
    }

    /// A receiver of callbacks may still answer as it could.
    fn expected_answers(&mut self, place: &str, old: &Value, new: &Value) {
        for (status, _) in entries(&old["responses"]) {
            if new["responses"].get(status).is_none() {
                self.breaks(
                    &format!("{place}, answer {status}"),
                    "is no longer understood",
                );
            }
        }
    }

    /// Each way to authenticate still opens the operation.
    fn security(&mut self, place: &str, old: &Value, new: &Value) {
        let of = |operation: &Value, document: &Value| match operation.get("security") {
            Some(own) => members(own).to_vec(),
            None => members(&document["security"]).to_vec(),
        };
        let is_open = |ways: &[Value]| {
            ways.is_empty()
                || ways
                    .iter()
                    .any(|way| way.as_object().is_some_and(|all| all.is_empty()))
        };
        let (old, new) = (of(old, self.old), of(new, self.new));
        if is_open(&new) {
            return;
        }
        if is_open(&old) {
            self.breaks(place, "needs authentication now");
        }
        for way in old.iter().filter(|way| !new.contains(way)) {
            self.breaks(place, format!("can no longer be opened by {way}"));
        }
    }

    fn security_schemes(&mut self) {
        let schemes = |document: &'_ Value| document["components"]["securitySchemes"].clone();
        let (old, new) = (schemes(self.old), schemes(self.new));
        for (name, old) in entries(&old) {
            let is_other = |field: &&str| old[*field] != new[name][*field];
            let fields = ["type", "scheme", "in", "name"];
            if let Some(field) = fields.into_iter().find(is_other) {
                self.breaks(
                    &format!("security scheme {name}"),
                    format!("{field} is another"),
                );
            }
        }
    }
}

fn is_required(value: &Value) -> bool {
    value["required"] == true
}

fn is_success(status: &str) -> bool {
    status.starts_with(['1', '2', '3'])
}
