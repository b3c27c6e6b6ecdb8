//! # The artifact store of Batchway on Amazon S3 and what is compatible with it
