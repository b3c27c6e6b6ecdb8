//! What IAM says that someone may, without anything being done.

use super::call::{AwsServices, Call, Service, Trouble, ask};
use super::xml;

/// The question for IAM: may these actions be done on all of these things?
#[derive(Clone, Debug)]
pub(crate) struct Question<'a> {
    /// ARN of a user or role.
    pub(crate) principal: &'a str,
    pub(crate) actions: &'a [&'static str],
    pub(crate) resources: &'a [String],
    /// Keys of conditions, with type and value.
    pub(crate) context: &'a [(&'static str, &'static str, &'static str)],
}

/// The actions that are refused; none where all are allowed.
pub(crate) async fn refused(
    aws: &dyn AwsServices,
    question: &Question<'_>,
) -> Result<Vec<String>, Trouble> {
    let mut fields = vec![("PolicySourceArn".to_owned(), question.principal.to_owned())];
    for (number, action) in (1..).zip(question.actions) {
        fields.push((format!("ActionNames.member.{number}"), (*action).to_owned()));
    }
    for (number, resource) in (1..).zip(question.resources) {
        fields.push((
            format!("ResourceArns.member.{number}"),
            example_of(resource),
        ));
    }
    for (number, (key, kind, value)) in (1..).zip(question.context) {
        let entry = format!("ContextEntries.member.{number}");
        fields.push((format!("{entry}.ContextKeyName"), (*key).to_owned()));
        fields.push((format!("{entry}.ContextKeyType"), (*kind).to_owned()));
        fields.push((
            format!("{entry}.ContextKeyValues.member.1"),
            (*value).to_owned(),
        ));
    }
    let call = Call::query(Service::Iam, "SimulatePrincipalPolicy", &fields);
    let reply = ask(aws, call).await?;
    let actions: Vec<String> = xml::texts(&reply.body, "EvalActionName").collect();
    if actions.is_empty() {
        return Err(Trouble::Unreadable("it decides nothing".to_owned()));
    }
    let mut refused: Vec<String> = actions
        .into_iter()
        .zip(xml::texts(&reply.body, "EvalDecision"))
        .filter(|(_, decision)| decision != "allowed")
        .map(|(action, _)| action)
        .collect();
    refused.dedup();
    Ok(refused)
}

/// IAM simulates for things, and not for patterns: a thing that the pattern stands for.
fn example_of(pattern: &str) -> String {
    match pattern {
        "*" => "*".to_owned(),
        pattern => match pattern.strip_suffix(":*") {
            Some(stem) if stem.contains(":log-group:") => format!("{stem}:log-stream:doctor"),
            Some(stem) => format!("{stem}:1"),
            None => pattern.replace('*', "doctor"),
        },
    }
}

/// The user or role that policies are attached to; `None` for the root of an account, which may
/// do everything, and for what is neither.
pub(crate) fn principal_of(caller: &str) -> Option<String> {
    let parts: Vec<&str> = caller.splitn(6, ':').collect();
    let [_, partition, service, _, account, rest] = parts[..] else {
        return None;
    };
    match (service, rest.split('/').collect::<Vec<_>>()[..].as_ref()) {
        ("iam", ["user" | "role", ..]) => Some(caller.to_owned()),
        // Of a session only the role's name is told, and not its path.
        ("sts", ["assumed-role", role, ..]) => {
            Some(format!("arn:{partition}:iam::{account}:role/{role}"))
        }
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::aws::fake::Aws;

    /// As IAM answers.
    pub(crate) fn decisions(decisions: &[(&str, &str)]) -> String {
        let results: String = decisions
            .iter()
            .map(|(action, decision)| {
                format!(
                    "<member><EvalActionName>{action}</EvalActionName>\
                     <EvalResourceName>*</EvalResourceName>\
                     <EvalDecision>{decision}</EvalDecision><MatchedStatements/></member>"
                )
            })
            .collect();
        format!("<SimulatePrincipalPolicyResponse>{results}</SimulatePrincipalPolicyResponse>")
    }

    #[tokio::test]
    async fn what_is_not_allowed_is_refused() {
        let answer = decisions(&[
            ("s3:GetObject", "allowed"),
            ("s3:PutObject", "implicitDeny"),
            ("s3:DeleteObject", "explicitDeny"),
        ]);
        let aws = Aws::default().answers("iam:SimulatePrincipalPolicy", 200, &answer);
        let question = Question {
            principal: "arn:aws:iam::123456789012:role/live2-job",
            actions: &["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            resources: &["arn:aws:s3:::live2-artifacts/prod/*".to_owned()],
            context: &[("aws:TagKeys", "stringList", "batchway:job")],
        };
        let found = refused(&aws, &question).await.unwrap();
        assert_eq!(found, ["s3:PutObject", "s3:DeleteObject"]);
        let body = &aws.calls()[0].body;
        assert!(body.contains("live2-artifacts%2Fprod%2Fdoctor"), "{body}");
        assert!(body.contains("ContextEntries.member.1.ContextKeyName=aws%3ATagKeys"));
    }

    #[test]
    fn patterns_become_things() {
        for (pattern, thing) in [
            ("*", "*"),
            (
                "arn:aws:batch:r:1:job-definition/d:*",
                "arn:aws:batch:r:1:job-definition/d:1",
            ),
            (
                "arn:aws:logs:r:1:log-group:/g:*",
                "arn:aws:logs:r:1:log-group:/g:log-stream:doctor",
            ),
            ("arn:aws:batch:r:1:job/*", "arn:aws:batch:r:1:job/doctor"),
        ] {
            assert_eq!(example_of(pattern), thing);
        }
    }

    #[test]
    fn sessions_are_of_roles_and_the_root_is_of_nobody() {
        for (caller, principal) in [
            ("arn:aws:iam::1:user/a/b", Some("arn:aws:iam::1:user/a/b")),
            (
                "arn:aws:sts::1:assumed-role/r/s",
                Some("arn:aws:iam::1:role/r"),
            ),
            ("arn:aws:iam::1:root", None),
            ("arn:aws:sts::1:federated-user/x", None),
        ] {
            assert_eq!(principal_of(caller).as_deref(), principal);
        }
    }
}
