//! # Artifacts in a bucket of Amazon S3, or of a server that is compatible with it
//!
//! [`S3ArtifactStore`] keeps each artifact as the object of its key.
//!
//! * *Whole or not at all.* What fits into one part (8 MiB) is written by one `PutObject`, longer
//!   content by a multipart upload of parts that grow with their number, so that a stream whose
//!   length nobody knows takes little memory and may have 430 GiB. Either changes the object at
//!   once. The signature of each request covers a SHA-256 of what it carries; towards Amazon each
//!   also bears a CRC-32 of S3's own, which stays with the object.
//! * *One winner.* `create` is a `PutObject` with `If-None-Match: *` that is never repeated where
//!   it may have taken effect: after a lost reply the answer is `Unavailable`, not a guess.
//!   Whether a compatible server heeds the condition, [`S3ArtifactStore::prove_creation`] finds
//!   out.
//! * *One version.* Metadata and content come in the same reply. A read whose connection breaks
//!   goes on where it was, with `If-Match`.
//! * *Every page.* A list follows its continuation to the end, or is an error.
//! * *Links end.* A link lives for as long as was asked for, a week, or as long as the
//!   credentials that sign it, whichever is least, and says when that is. It makes S3 say the
//!   content type and the name to save under, whatever the object's writer said, and shows
//!   nothing that can hold a script. [`S3ArtifactStore::upload_link`] is for writing, and for one
//!   size.
//! * *Nothing waits for ever.* Connecting, the first byte of an answer, each attempt and all
//!   attempts together have limits, and transfers that make no progress are given up.
//!
//! ## What stays behind
//!
//! An upload that fails is aborted before `put` answers; one whose `put` is dropped, by a task
//! on the same runtime. A process that is killed, and a lost reply to `CreateMultipartUpload`,
//! leave an upload behind whose parts cost money and are in no list. A lifecycle rule on the
//! bucket with `AbortIncompleteMultipartUpload` after a day or more removes them; an upload that
//! is older than the rule's age and still going on is ended by it.
//!
//! ## Other servers
//!
//! Where an endpoint is set that is not Amazon's (`AWS_ENDPOINT_URL_S3` before
//! `AWS_ENDPOINT_URL`), the bucket is named in the path and S3's own checksums are neither sent
//! nor expected, as many servers know only older ones.
//!
//! ## Rights
//!
//! `s3:GetObject`, `s3:PutObject`, `s3:DeleteObject`, `s3:AbortMultipartUpload` and
//! `s3:ListMultipartUploadParts` on `arn:aws:s3:::BUCKET/*`, and `s3:ListBucket` on
//! `arn:aws:s3:::BUCKET`, without which S3 says of an object that is missing that it is
//! forbidden.
//!
//! ## Clocks
//!
//! The SDK signs requests by the server's clock once it has seen one reply, so a wrong clock
//! loses nothing. Links are signed by this machine's; where it is more than five minutes off,
//! `check` says so.
#![warn(missing_docs)]

mod bucket;
mod checking;
mod connection;
mod content;
mod creating;
mod failure;
mod links;
mod listing;
mod multipart;
mod parts;
mod presentation;
mod reading;
mod refusal;
mod server_clock;
mod settings;
mod signing;
mod store;
mod upload;
mod writing;

pub use links::UploadLink;
pub use settings::S3Settings;
pub use store::S3ArtifactStore;
