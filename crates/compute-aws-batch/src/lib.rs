//! # The compute backend of Batchway on AWS Batch
