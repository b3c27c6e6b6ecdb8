//! Job types on AWS Batch that show what a simulation would hide.

/// * `linger` runs until it is stopped.
/// * `work` runs for `seconds`.
/// * `scatter` leaves so many `files`.
pub(crate) const FILE: &str = r#"
[linger]
summary = "Runs until it is stopped."
params_schema = { type = "object" }
example = {}
aws_batch.command = ["sh", "-c", '''
  trap "exit 0" TERM
  echo '{"progress": 0.25, "message": "lingering"}' >> "$BATCHWAY_PROGRESS"
  while :; do sleep 0.1; done
''']

[work]
summary = "Runs for a while."
params_schema = { type = "object", required = ["seconds"], properties = { seconds = { type = "integer" } } }
example = { seconds = 1 }
main_result = ["done.txt"]
aws_batch.command = ["sh", "-c", '''
  sleep "$(printf '%s' "$JOB_PARAMS" | tr -dc 0-9)"
  echo done > "$BATCHWAY_OUTPUT_DIR/done.txt"
''']

[scatter]
summary = "Leaves many files."
params_schema = { type = "object", required = ["files"], properties = { files = { type = "integer" } } }
example = { files = 3 }
aws_batch.command = ["sh", "-c", '''
  for number in $(seq "$(printf '%s' "$JOB_PARAMS" | tr -dc 0-9)"); do
    echo "$number" > "$BATCHWAY_OUTPUT_DIR/$number.txt"
  done
''']
"#;
