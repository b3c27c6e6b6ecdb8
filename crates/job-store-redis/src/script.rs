//! The scripts that run inside Redis, each in a file of its own under `lua/`.

/// The first line tells Redis (7.0 or later) what a script may do: read only; write; write also
/// where memory is full, so that only admission stops there. What `entries.lua` defines is made
/// anew at each call, so a script that needs none of it stands alone.
macro_rules! script {
    (reads alone, $file:literal) => {
        concat!(
            "#!lua flags=no-writes\n",
            include_str!(concat!("lua/", $file))
        )
    };
    (reads, $file:literal) => {
        script!("#!lua flags=no-writes\n", $file)
    };
    (admits, $file:literal) => {
        script!("#!lua\n", $file)
    };
    (writes, $file:literal) => {
        script!("#!lua flags=allow-oom\n", $file)
    };
    ($first_line:literal, $file:literal) => {
        concat!(
            $first_line,
            include_str!("lua/entries.lua"),
            include_str!(concat!("lua/", $file)),
        )
    };
}

/// One of the scripts; each is explained in the file of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    Admit,
    Budget,
    Commit,
    Deliveries,
    Events,
    Find,
    Heads,
    KeptSince,
    List,
    Mirrored,
    NoteOrphan,
    RecordDelivery,
    RecordSweep,
    Register,
    Remove,
    ReplaceSecrets,
    Replicas,
    Reschedule,
    Revoke,
    Take,
    TakeDeliveries,
    Waiting,
}

impl Script {
    pub(crate) const ALL: [Self; 22] = [
        Self::Admit,
        Self::Budget,
        Self::Commit,
        Self::Deliveries,
        Self::Events,
        Self::Find,
        Self::Heads,
        Self::KeptSince,
        Self::List,
        Self::Mirrored,
        Self::NoteOrphan,
        Self::RecordDelivery,
        Self::RecordSweep,
        Self::Register,
        Self::Remove,
        Self::ReplaceSecrets,
        Self::Replicas,
        Self::Reschedule,
        Self::Revoke,
        Self::Take,
        Self::TakeDeliveries,
        Self::Waiting,
    ];

    pub(crate) const fn source(self) -> &'static str {
        match self {
            Self::Admit => script!(admits, "admit.lua"),
            Self::Budget => script!(writes, "budget.lua"),
            Self::Commit => script!(writes, "commit.lua"),
            Self::Deliveries => script!(reads, "deliveries.lua"),
            Self::Events => script!(reads alone, "events.lua"),
            Self::Find => script!(reads alone, "find.lua"),
            Self::Heads => script!(reads, "heads.lua"),
            Self::KeptSince => script!(writes, "kept_since.lua"),
            Self::List => script!(reads alone, "list.lua"),
            Self::Mirrored => script!(writes, "mirrored.lua"),
            Self::NoteOrphan => script!(writes, "note_orphan.lua"),
            Self::RecordDelivery => script!(writes, "record_delivery.lua"),
            Self::RecordSweep => script!(writes, "record_sweep.lua"),
            Self::Register => script!(writes, "register.lua"),
            Self::Remove => script!(writes, "remove.lua"),
            Self::ReplaceSecrets => script!(writes, "replace_secrets.lua"),
            Self::Replicas => script!(writes, "replicas.lua"),
            Self::Reschedule => script!(writes, "reschedule.lua"),
            Self::Revoke => script!(writes, "revoke.lua"),
            Self::Take => script!(writes, "take.lua"),
            Self::TakeDeliveries => script!(writes, "take_deliveries.lua"),
            Self::Waiting => script!(reads, "waiting.lua"),
        }
    }

    /// Whether it goes by the connection for reads, which never waits for a barrier.
    pub(crate) const fn only_reads(self) -> bool {
        matches!(
            self,
            Self::Deliveries | Self::Events | Self::Find | Self::Heads | Self::List | Self::Waiting
        )
    }
}
