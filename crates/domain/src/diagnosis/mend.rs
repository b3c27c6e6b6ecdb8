//! What helps.

/// Something that can be done about a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mend {
    /// Who can.
    pub by: By,
    /// What to do, one or more sentences.
    pub advice: String,
    /// A command for a shell that does it, or shows what it is about. It changes nothing unless
    /// the advice says so.
    pub command: Option<String>,
}

/// Who can do something about a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// It passes without anyone, or the gateway does it.
    Nobody,
    /// Whose job it is.
    Owner,
    /// Who runs the gateway, or has rights at what runs the job.
    Operator,
}

impl By {
    /// Everyone.
    pub const ALL: [Self; 3] = [Self::Nobody, Self::Owner, Self::Operator];

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Owner => "owner",
            Self::Operator => "operator",
        }
    }
}

impl Mend {
    /// Without a command.
    pub fn new(by: By, advice: impl Into<String>) -> Self {
        Self {
            by,
            advice: advice.into(),
            command: None,
        }
    }

    /// It passes by itself.
    pub fn none_needed(advice: impl Into<String>) -> Self {
        Self::new(By::Nobody, advice)
    }

    /// For the owner.
    pub fn by_owner(advice: impl Into<String>) -> Self {
        Self::new(By::Owner, advice)
    }

    /// For the operator.
    pub fn by_operator(advice: impl Into<String>) -> Self {
        Self::new(By::Operator, advice)
    }

    /// With a command for a shell.
    #[must_use]
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }
}
