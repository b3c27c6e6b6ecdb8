//! What a composition root says of the store.

/// Where the objects lie, and how they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Settings {
    /// Name of the bucket, such as `live2-artifacts`, or the ARN of an access point.
    pub bucket: String,
    /// What is longer is written in parts, the first thousand of this size, in bytes. At least
    /// [`MIN_PART_BYTES`](Self::MIN_PART_BYTES). Four times as much is in memory for each object
    /// that is being written.
    pub part_bytes: usize,
}

impl S3Settings {
    /// The least that S3 takes as a part that is not the last one: 5 MiB.
    pub const MIN_PART_BYTES: usize = 5 * 1024 * 1024;

    /// 8 MiB, so that an object may have 430 GiB and a small container can write it.
    pub const DEFAULT_PART_BYTES: usize = 8 * 1024 * 1024;

    /// Objects in this bucket, with the default size of parts.
    pub fn new(bucket: impl Into<String>) -> Self {
        Self {
            bucket: bucket.into(),
            part_bytes: Self::DEFAULT_PART_BYTES,
        }
    }
}
