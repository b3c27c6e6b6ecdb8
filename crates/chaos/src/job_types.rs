//! The jobs of a run: programs that write down that they run.

use std::path::Path;

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
