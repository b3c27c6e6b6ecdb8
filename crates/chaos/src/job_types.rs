//! The jobs of a run.

use std::path::Path;

/// Programs that write down that they run.
///
/// * `work` runs for `seconds` and leaves its `nonce` and who ran it in `result.txt`.
/// * `linger` runs until it is stopped.
///
/// Each writes what it does into the ledger; see [`crate::ledger`].
const FILE: &str = r#"
[work]
summary = "Works for a while."
main_result = ["result.txt"]
params_schema = { type = "object", required = ["nonce", "seconds"], additionalProperties = false, properties = { nonce = { type = "string" }, seconds = { type = "string" } } }
example = { nonce = "n1", seconds = "0.1" }
[work.aws_batch]
command = ["sh", "-c", '''
PROLOGUE
tell started
sleep "$(field seconds)"
printf '%s %s' "$(field nonce)" "$BATCHWAY_BACKEND_ID" > "$BATCHWAY_OUTPUT_DIR/result.txt"
tell ended
''']
environment = { CHAOS_LEDGER = "LEDGER" }

[linger]
summary = "Works until it is stopped."
params_schema = { type = "object", required = ["nonce"], additionalProperties = false, properties = { nonce = { type = "string" } } }
example = { nonce = "n1" }
[linger.aws_batch]
command = ["sh", "-c", '''
PROLOGUE
trap "tell stopped; exit 0" TERM
tell started
while :; do sleep 0.2; done
''']
environment = { CHAOS_LEDGER = "LEDGER" }
"#;

/// The file of job types where jobs are processes of the gateways' own.
///
/// * `heed` runs until the file `go` is there, and ends with the exit code `status`.
/// * `linger` runs until it is stopped.
pub(crate) const OF_PROCESSES: &str = r#"
[heed]
summary = "Works until it is told to end."
params_schema = { type = "object", required = ["go", "status"], additionalProperties = false, properties = { go = { type = "string" }, status = { type = "string" } } }
example = { go = "/tmp/go", status = "0" }
process.command = ["/bin/sh", "-c", '''
  field() { printf '%s' "$JOB_PARAMS" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
  until [ -e "$(field go)" ]; do sleep 0.1; done
  exit "$(field status)"
''']

[linger]
summary = "Works until it is stopped."
params_schema = { type = "object", additionalProperties = false }
example = {}
process.command = ["/bin/sh", "-c", "while :; do sleep 0.2; done"]
"#;

/// A process is known by its number and the time that it began: a number may be another's later.
const PROLOGUE: &str = r#"
read -r stat < /proc/$$/stat
set -- $stat
began=${22}
tell() { echo "$1 $JOB_ID $BATCHWAY_TRY $BATCHWAY_BACKEND_ID $$ $began" >> "$CHAOS_LEDGER"; }
field() { printf '%s' "$JOB_PARAMS" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
"#;

/// The file of job types for programs that write into this ledger.
pub(crate) fn file(ledger: &Path) -> String {
    FILE.replace("PROLOGUE", PROLOGUE.trim())
        .replace("LEDGER\" }", &format!("{}\" }}", ledger.display()))
}
