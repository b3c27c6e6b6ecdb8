//! Job types that show what a simulation would hide.

/// * `note` writes its `text` to `note.txt` and a line with its job id to `witness`, so that a
///   second run of the same job would be seen.
/// * `linger` runs until it is stopped; with `stubborn` not even then.
/// * `fill` writes `megabytes` to its results.
/// * `fail` says why and ends with status 3.
pub(crate) const FILE: &str = r#"
[note]
summary = "Writes a note."
params_schema = { type = "object", required = ["text", "witness"], properties = { text = { type = "string" }, witness = { type = "string" } } }
example = { text = "hello", witness = "/tmp/witness" }
main_result = ["note.txt"]
process.command = ["/bin/sh", "-c", '''
  field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$BATCHWAY_PARAMS_FILE"; }
  echo "$JOB_ID" >> "$(field witness)"
  field text > "$BATCHWAY_OUTPUT_DIR/note.txt"
''']

[linger]
summary = "Runs until it is stopped."
params_schema = { type = "object", properties = { stubborn = { type = "boolean" } }, additionalProperties = false }
example = {}
process.command = ["/bin/sh", "-c", '''
  case "$JOB_PARAMS" in *true*) trap "" TERM ;; esac
  echo '{"progress": 0.25, "message": "lingering"}' >> "$BATCHWAY_PROGRESS"
  echo $$ > "$BATCHWAY_OUTPUT_DIR/pid"
  while :; do sleep 0.1; done
''']

[fail]
summary = "Fails."
params_schema = { type = "object" }
example = {}
process.command = ["/bin/sh", "-c", "echo out of cheese >&2; exit 3"]

[fill]
summary = "Writes much."
params_schema = { type = "object", required = ["megabytes"], properties = { megabytes = { type = "integer" } } }
example = { megabytes = 1 }
process.command = ["/bin/sh", "-c", '''
  n=$(printf '%s' "$JOB_PARAMS" | tr -dc 0-9)
  dd if=/dev/zero of="$BATCHWAY_OUTPUT_DIR/zeros.bin" bs=1M count="$n" status=none
''']
"#;
