//! What paths there are, with their methods and the names of their parameters, read from the
//! OpenAPI document: what it doesn't say is refused.

use std::collections::BTreeMap;

use poem::http::Method;
use serde_json::Value;

/// Every path of the service.
#[derive(Debug, Default)]
pub(crate) struct RouteTable {
    routes: Vec<Route>,
}

/// One path and its methods.
#[derive(Debug)]
struct Route {
    template: String,
    methods: BTreeMap<&'static str, Operation>,
}

/// One method of one path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Operation {
    /// Its id in the document; none for what stands outside of it.
    pub(crate) id: Option<String>,
    /// Names of the parameters of its query.
    pub(crate) query: Vec<String>,
    /// Whom it is for.
    pub(crate) audience: Audience,
}

/// Whom an operation is for, by the credentials that it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Everyone.
    #[default]
    Anyone,
    /// Callers with an API key.
    Callers,
    /// Runners with the token of their try.
    Runners,
}

/// What there is for a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// Nothing at this path.
    Nothing,
    /// The path, with other methods, as the `Allow` header lists them.
    OtherMethods { template: &'a str, allow: String },
    /// It is served.
    Operation {
        template: &'a str,
        operation: &'a Operation,
    },
}

/// The methods that the service knows.
const METHODS: [&str; 2] = ["GET", "POST"];

impl RouteTable {
    /// The paths of a document.
    pub(crate) fn of_document(document: &Value) -> Self {
        let mut table = Self::default();
        for (template, item) in document["paths"].as_object().into_iter().flatten() {
            for method in METHODS {
                if let Some(operation) = item.get(method.to_lowercase()) {
                    table = table.with(template, method, Operation::of_document(operation));
                }
            }
        }
        table
    }

    /// With one more; `{name}` in the path stands for one part, and `{name...}` at the end for
    /// all that follow.
    #[must_use]
    pub(crate) fn with(
        mut self,
        template: &str,
        method: &'static str,
        operation: Operation,
    ) -> Self {
        let same = self
            .routes
            .iter()
            .position(|route| route.template == template);
        let index = same.unwrap_or_else(|| {
            self.routes.push(Route {
                template: template.to_owned(),
                methods: BTreeMap::new(),
            });
            self.routes.len() - 1
        });
        self.routes[index].methods.insert(method, operation);
        self
    }

    /// What there is for this method and path. HEAD goes wherever GET goes.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let Some(route) = self
            .routes
            .iter()
            .find(|route| matches(&route.template, path))
        else {
            return Found::Nothing;
        };
        let method = if method == Method::HEAD {
            "GET"
        } else {
            method.as_str()
        };
        let template = &route.template;
        match route.methods.get(method) {
            Some(operation) => Found::Operation {
                template,
                operation,
            },
            None => Found::OtherMethods {
                template,
                allow: route.allow(),
            },
        }
    }
}

impl Route {
    fn allow(&self) -> String {
        let head = self.methods.contains_key("GET").then_some("HEAD");
        let methods: Vec<&str> = self.methods.keys().copied().chain(head).collect();
        methods.join(", ")
    }
}

impl Operation {
    fn of_document(operation: &Value) -> Self {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let query = parameters
            .filter(|parameter| parameter["in"] == "query")
            .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned));
        Self {
            id: operation["operationId"].as_str().map(str::to_owned),
            query: query.collect(),
            audience: Audience::of_document(operation),
        }
    }
}

impl Audience {
    fn of_document(operation: &Value) -> Self {
        let schemes = operation["security"].as_array().into_iter().flatten();
        let takes = |name| schemes.clone().any(|scheme| scheme.get(name).is_some());
        if takes("ApiKey") {
            Self::Callers
        } else if takes("JobToken") {
            Self::Runners
        } else {
            Self::Anyone
        }
    }
}

fn matches(template: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    for expected in template.split('/') {
        if expected.ends_with("...}") {
            return parts.next().is_some_and(|part| !part.is_empty());
        }
        let is_parameter = expected.starts_with('{');
        match parts.next() {
            Some(part) if is_parameter && !part.is_empty() || part == expected => {}
            _ => return false,
        }
    }
    parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn table() -> RouteTable {
        let document = json!({"paths": {
            "/jobs": {
                "get": {"operationId": "list", "parameters": [{"name": "limit", "in": "query"}]},
                "post": {"operationId": "submit", "security": [{"ApiKey": []}]}
            },
            "/jobs/{id}": {"get": {"operationId": "get", "parameters": [{"name": "id", "in": "path"}]}}
        }});
        RouteTable::of_document(&document).with("/files/{key...}", "GET", Operation::default())
    }

    fn id_at(method: Method, path: &str) -> Option<String> {
        match table().find(&method, path) {
            Found::Operation { operation, .. } => operation.id.clone(),
            _ => None,
        }
    }

    #[test]
    fn paths_lead_to_their_operations() {
        assert_eq!(id_at(Method::POST, "/jobs").as_deref(), Some("submit"));
        assert_eq!(id_at(Method::HEAD, "/jobs/a").as_deref(), Some("get"));
        let files = table();
        let found = files.find(&Method::GET, "/files/a/b%2Fc");
        assert!(matches!(
            found,
            Found::Operation {
                template: "/files/{key...}",
                ..
            }
        ));
    }

    #[test]
    fn other_paths_lead_nowhere() {
        for path in [
            "/",
            "/job",
            "/jobs/",
            "/jobs/a/",
            "/jobs//",
            "/jobs/a/b",
            "//jobs",
            "/files/",
            "/files",
        ] {
            assert_eq!(table().find(&Method::GET, path), Found::Nothing, "{path}");
        }
    }

    #[test]
    fn other_methods_are_told_what_is_allowed() {
        let table = table();
        let allow = |method, path| match table.find(&method, path) {
            Found::OtherMethods { allow, .. } => allow,
            found => panic!("{found:?}"),
        };
        assert_eq!(allow(Method::DELETE, "/jobs"), "GET, POST, HEAD");
        assert_eq!(allow(Method::POST, "/jobs/a"), "GET, HEAD");
        assert_eq!(allow(Method::OPTIONS, "/jobs/a"), "GET, HEAD");
    }

    #[test]
    fn a_query_has_the_names_of_the_document() {
        let table = table();
        let Found::Operation { operation, .. } = table.find(&Method::GET, "/jobs") else {
            panic!("not found");
        };
        assert_eq!(
            (operation.query.as_slice(), operation.audience),
            (&["limit".to_owned()][..], Audience::Anyone)
        );
    }
}
