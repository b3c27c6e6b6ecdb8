//! The production path, on real containers: jobs on AWS Batch (moto with a container engine),
//! state in Redis, results in S3 (moto), and more than one replica of the gateway.

mod aws;
mod bad_days;
mod faulty_aws;
mod image;
mod job_types;
mod logs;
mod main_path;
mod own_image;
mod redis_days;
mod smoke;
mod stack;
mod sweeps;
