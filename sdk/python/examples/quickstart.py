import os

import httpx
from batchway.api.jobs import list_artifacts, submit_job
from batchway.models import JobStatus, SubmitJobRequest

from batchway import ProblemError, connect, expect, wait_until_ended

client = connect(os.environ["BATCHWAY_URL"], os.environ["BATCHWAY_API_KEY"])

request = SubmitJobRequest.from_dict(
    {
        "job_type": "run_simulation",
        "params": {
            "simulation_config": {
                "mode": "open_chemistry",
                "config": {"num_particles": 200, "temperature": 300, "steps": 2000},
            }
        },
    }
)
try:
    # Sent twice under one key, it still starts one job.
    submitted = expect(submit_job.sync(client=client, body=request, idempotency_key="quickstart-1"))
except ProblemError as error:
    raise SystemExit(f"{error.kind}: {error}")

job = wait_until_ended(client, submitted.job_id)
print(job.job_id, job.status, job.error or "")
if job.status != JobStatus.COMPLETED:
    raise SystemExit(1)

for artifact in expect(list_artifacts.sync(job.job_id, client=client)).artifacts:
    name = artifact.key.rsplit("/", 1)[-1]
    with httpx.stream("GET", artifact.url) as answer, open(name, "wb") as file:
        answer.raise_for_status()
        file.writelines(answer.iter_bytes())
    print(f"{name}: {artifact.size} bytes")
