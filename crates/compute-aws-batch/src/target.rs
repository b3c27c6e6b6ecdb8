//! What a try is sent to, as the text that is kept in its record.

use batchway_domain::job::Target;

const SCHEME: &str = "aws-batch:";
const FAIR_SHARE: &str = "fair-share";

/// A queue and one revision of a job definition.
///
/// As text: `aws-batch:{ARN of the queue} {name}:{revision}`, and then words that say more.
/// Words that a reader doesn't know are passed over, so that later versions can add some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BatchTarget {
    pub(crate) queue: QueueArn,
    /// `name:revision`.
    pub(crate) definition: String,
    /// Whether the queue shares its room out by `shareIdentifier`.
    pub(crate) fair_share: bool,
}

impl BatchTarget {
    pub(crate) fn parse(target: &Target) -> Option<Self> {
        let mut words = target.0.strip_prefix(SCHEME)?.split(' ');
        let queue = QueueArn::parse(words.next()?)?;
        let definition = words.next()?.to_owned();
        Some(Self {
            queue,
            definition,
            fair_share: words.any(|word| word == FAIR_SHARE),
        })
    }

    pub(crate) fn to_target(&self) -> Target {
        let mut text = format!("{SCHEME}{} {}", self.queue.as_str(), self.definition);
        if self.fair_share {
            text.push(' ');
            text.push_str(FAIR_SHARE);
        }
        Target(text)
    }
}

/// `arn:{partition}:batch:{region}:{account}:job-queue/{name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueueArn(String);

impl QueueArn {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let is_arn = parts.next() == Some("arn")
            && parts.next().is_some()
            && parts.next() == Some("batch")
            && parts.next().is_some()
            && parts.next().is_some()
            && parts.next()?.starts_with("job-queue/")
            && parts.next().is_none();
        let is_one_word = !text.contains(char::is_whitespace);
        (is_arn && is_one_word).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn region(&self) -> &str {
        self.part(3)
    }

    pub(crate) fn account(&self) -> &str {
        self.part(4)
    }

    /// The ARN of a job definition beside the queue: both always are of one account and region.
    pub(crate) fn of_definition(&self, name_and_revision: &str) -> String {
        let stem = self.0.rsplit_once(':').map_or("", |(stem, _)| stem);
        format!("{stem}:job-definition/{name_and_revision}")
    }

    fn part(&self, index: usize) -> &str {
        self.0.split(':').nth(index).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: &str = "arn:aws:batch:eu-central-1:123456789012:job-queue/live2-job-queue";

    #[test]
    fn reads_what_it_writes() {
        for fair_share in [false, true] {
            let target = BatchTarget {
                queue: QueueArn::parse(QUEUE).unwrap(),
                definition: "live2-simulation:7".to_owned(),
                fair_share,
            };
            assert_eq!(BatchTarget::parse(&target.to_target()), Some(target));
        }
    }

    #[test]
    fn the_text_stays_as_it_is_and_may_grow() {
        let kept = Target(format!("aws-batch:{QUEUE} live2-simulation:7"));
        let read = BatchTarget::parse(&kept).unwrap();
        assert_eq!(read.to_target(), kept);
        assert_eq!(read.queue.region(), "eu-central-1");
        assert_eq!(read.queue.account(), "123456789012");
        assert_eq!(
            read.queue.of_definition(&read.definition),
            "arn:aws:batch:eu-central-1:123456789012:job-definition/live2-simulation:7"
        );
        let later = Target(format!("{} tomorrow's-word fair-share", kept.0));
        assert!(BatchTarget::parse(&later).unwrap().fair_share);
    }

    #[test]
    fn other_targets_are_none_of_ours() {
        for text in [
            "",
            "process:a1b2",
            "aws-batch:",
            "aws-batch:live2-job-queue live2-simulation:7",
            "aws-batch:arn:aws:batch:eu-central-1:123456789012:job-queue/q",
            "aws-batch:arn:aws:sqs:eu-central-1:123456789012:job-queue/q d:1",
        ] {
            assert_eq!(BatchTarget::parse(&Target(text.to_owned())), None, "{text}");
        }
    }
}
