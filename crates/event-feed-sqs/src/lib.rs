//! # The state changes of AWS Batch jobs, out of an SQS queue
