# Short names for the project's own commands. `just` is not needed by anything:
# each recipe is one line that can be typed instead.

# name the recipes
default:
    @just --list

# build in release and run one simulation before your eyes (--exit, --port N)
demo *arguments:
    cargo demo {{ arguments }}

# set up what the tests need and run all checks and tests (--only STEP, --list)
test *options:
    cargo xtask test {{ options }}

# live through simulated histories (--seeds N, --from N, --seed N, --plant NAME, --plants)
simulate *options="--seeds 1000000":
    cargo run --profile simulation --package batchway-simulator -- {{ options }}

# prove the table of who may depend on whom
architecture:
    cargo xtask architecture

# write docs/openapi.json anew
openapi:
    cargo xtask openapi

# generate an SDK and leave a package to be installed under target/sdk (python, typescript, rust, all)
sdk language:
    cargo xtask sdk {{ language }}

# hold a running gateway against its API document (--cases N, --store sqlite|redis|both, --seed N)
fuzz-api *options="--cases 100000":
    cargo xtask fuzz-api {{ options }}

# check links and variables in the documents
docs:
    cargo xtask docs

# check licence and origin of every dependency
licences:
    cargo xtask licences

# check the dependencies against the RustSec database (--database DIR)
advisories *options:
    cargo xtask advisories {{ options }}

# count lines per crate and name the longest files
lines:
    cargo xtask lines

# measure in release on a Redis of its own (api [--jobs N], or aws)
bench *what="api":
    cargo build --release --package batchway-gateway --package batchway-benchmarks
    target/release/batchway-benchmarks {{ what }}

# kill gateways and Redis under load and compare the books (gateways, redis, containers, idempotency, all; --kills N, --seed N)
chaos *what="all":
    cargo build --release --package batchway-gateway --package batchway-job-runner --package batchway-chaos
    target/release/batchway-chaos {{ what }}
