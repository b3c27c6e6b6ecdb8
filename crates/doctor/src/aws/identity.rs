//! Who the credentials are, and whether clock and region go with them.

use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::ports::Clock;

use super::call::{AwsServices, Call, Reply, Service, Trouble, ask};
use super::{Configured, xml};
use crate::check::{About, Check, Mend};

/// Beyond this AWS refuses what is signed.
const REFUSED: Duration = Duration::from_secs(5 * 60);
/// Beyond this links end noticeably earlier or later than they say.
const NOTICEABLE: Duration = Duration::from_secs(30);

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) account: String,
    pub(crate) arn: String,
}

/// What is known of it.
#[derive(Clone, Debug)]
pub(crate) enum Known {
    Caller(Identity),
    /// STS could not be asked; other services may answer all the same.
    Nobody,
    /// The credentials are of no use, so that nothing else can be asked: in place of all else.
    CredentialsAreOf(Check),
}

pub(crate) async fn examine(
    aws: &dyn AwsServices,
    clock: &dyn Clock,
    configured: &Configured,
) -> (Vec<Check>, Known) {
    let call = Call::query(Service::Sts, "GetCallerIdentity", &[]);
    let answered = aws.call(&call).await;
    let now = clock.now();
    let mut checks = vec![region(configured)];
    checks.extend(answered.as_ref().ok().and_then(|reply| skew(reply, now)));
    let about = About::new("aws.credentials", "AWS");
    let known = match answered {
        Err(unreached) => judge(&about, &Trouble::Unreached(unreached)),
        Ok(reply) => match (reply.refusal(), caller(&reply)) {
            (Some(refusal), _) => judge(&about, &Trouble::Refused(refusal)),
            (None, Some(identity)) => {
                checks.push(about.passed(identity.arn.clone()));
                return (checks, Known::Caller(identity));
            }
            (None, None) => {
                let said = "the answer names nobody".to_owned();
                judge(&about, &Trouble::Unreadable(said))
            }
        },
    };
    let (check, known) = known;
    checks.push(check);
    (checks, known)
}

/// The account alone, where it can be had.
pub(crate) async fn account(aws: &dyn AwsServices) -> Option<String> {
    let call = Call::query(Service::Sts, "GetCallerIdentity", &[]);
    Some(caller(&ask(aws, call).await.ok()?)?.account)
}

fn caller(reply: &Reply) -> Option<Identity> {
    Some(Identity {
        account: xml::texts(&reply.body, "Account").next()?,
        arn: xml::texts(&reply.body, "Arn").next()?,
    })
}

fn region(configured: &Configured) -> Check {
    let Configured { region, .. } = configured;
    About::new("aws.region", "AWS_REGION").passed(region.clone())
}

fn skew(reply: &Reply, now: Timestamp) -> Option<Check> {
    let theirs = reply.date?;
    let about = About::new("aws.clock", "this machine's clock");
    let (ahead, behind) = (now.since(theirs), theirs.since(now));
    let off = ahead.max(behind);
    let direction = if ahead > behind { "ahead" } else { "behind" };
    let seen = format!("{} s {direction} of AWS's", off.as_secs());
    let mend = || {
        Mend::by("set the clock, and let something keep it set")
            .command("sudo chronyc makestep || sudo timedatectl set-ntp true")
    };
    Some(if off > REFUSED {
        about.failed(
            seen,
            "AWS takes no request that is signed so far off",
            mend(),
        )
    } else if off > NOTICEABLE {
        about.warning(seen, "links end earlier or later than they say", mend())
    } else {
        about.passed(seen)
    })
}

/// What is to be done, and whether it is worth asking on.
fn judge(about: &About, trouble: &Trouble) -> (Check, Known) {
    let seen = trouble.to_string();
    let unusable = |check: Check| {
        let rest = About::new("aws", "everything else at AWS");
        let rest = rest.skipped("there are no credentials that work");
        (check, Known::CredentialsAreOf(rest))
    };
    match trouble {
        Trouble::Unreached(super::Unreached::NoCredentials(_)) => unusable(
            about.failed(
                seen,
                "nothing at AWS can be called",
                Mend::by(
                    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role",
                )
                .command("aws iam create-access-key --user-name USER_OF_THE_SERVICE"),
            ),
        ),
        Trouble::Refused(refusal) if refusal.code.contains("Expired") => unusable(about.failed(
            seen,
            "the credentials are no longer good",
            Mend::by("renew them; a user's access key, or the role of the machine, does not end"),
        )),
        Trouble::Refused(refusal) if refusal.is_about_credentials() => unusable(
            about.failed(
                seen,
                "AWS does not know the key, or its secret is another one, or the clock is wrong",
                Mend::by("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY anew, without blanks")
                    .command("aws sts get-caller-identity"),
            ),
        ),
        _ => (
            about.warning(
                seen,
                "who the credentials are is unknown; what else can be asked is asked",
                Mend::by(
                    "let this machine reach STS in its region, or look at AWS_ENDPOINT_URL and \
                     AWS_REGION",
                )
                .command("aws sts get-caller-identity"),
            ),
            Known::Nobody,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fake::{Aws, FixedClock};
    use crate::check::Verdict;

    const CALLER: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult>\
        <Arn>arn:aws:iam::123456789012:user/live2-service</Arn><UserId>AIDA</UserId>\
        <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

    async fn examined(aws: &Aws, seconds_off: i64) -> (Vec<Check>, Known) {
        let clock = FixedClock(Aws::NOW_MILLIS + seconds_off * 1000);
        examine(aws, &clock, &Configured::default()).await
    }

    #[tokio::test]
    async fn who_calls_is_named_and_the_clock_is_compared() {
        let aws = Aws::default().answers("sts:GetCallerIdentity", 200, CALLER);
        for (seconds, verdict) in [
            (0, Verdict::Passed),
            (-31, Verdict::Warning),
            (301, Verdict::Failed),
            (-301, Verdict::Failed),
        ] {
            let (checks, known) = examined(&aws, seconds).await;
            let Known::Caller(identity) = known else {
                panic!("{known:?}")
            };
            assert_eq!(identity.account, "123456789012");
            let clock = checks.iter().find(|check| check.id == "aws.clock").unwrap();
            assert_eq!(clock.verdict, verdict, "{clock:?}");
        }
    }

    #[tokio::test]
    async fn credentials_that_do_not_work_end_it_and_an_sts_out_of_reach_does_not() {
        let wrong =
            "<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>";
        let aws = Aws::default().answers("sts:GetCallerIdentity", 403, wrong);
        let (checks, known) = examined(&aws, 0).await;
        assert_eq!(checks.last().unwrap().verdict, Verdict::Failed);
        assert!(matches!(known, Known::CredentialsAreOf(_)));

        let (checks, known) = examined(&Aws::default(), 0).await;
        assert_eq!(checks.last().unwrap().verdict, Verdict::Warning);
        assert!(matches!(known, Known::Nobody));
    }
}
