//! Records and events as Redis holds them: their JSON, squeezed with a dictionary of what most of
//! them have in common, behind a byte that says how.
//!
//! Each form has to be read for ever. A form and its dictionary are never changed: a better
//! dictionary is a new form, with fixtures of its own.

use std::borrow::Cow;

use batchway_domain::ports::StoreError;
use lz4_flex::block::{compress_with_dict, decompress_with_dict};

/// As it is.
const PLAIN: u8 = 0;
/// A record: LZ4 block with the dictionary of records.
const RECORD_1: u8 = 1;
/// An event: LZ4 block with the dictionary of events.
const EVENT_1: u8 = 2;

const RECORDS_1: &[u8] = include_bytes!("dictionaries/records-1.txt");
const EVENTS_1: &[u8] = include_bytes!("dictionaries/events-1.txt");

/// Bytes of length between the form and the block.
const LENGTH: usize = 3;

/// The most that anything packed may have, in bytes; a greater length is damage.
const LONGEST: usize = (1 << (8 * LENGTH)) - 1;

/// Packs a job's record.
pub(crate) fn pack_record(json: &[u8]) -> Vec<u8> {
    pack(json, RECORD_1, RECORDS_1)
}

/// Packs an event.
pub(crate) fn pack_event(json: &[u8]) -> Vec<u8> {
    pack(json, EVENT_1, EVENTS_1)
}

fn pack(json: &[u8], form: u8, dictionary: &[u8]) -> Vec<u8> {
    let block = compress_with_dict(json, dictionary);
    let mut packed = Vec::with_capacity(1 + LENGTH + block.len());
    if json.len() > LONGEST || LENGTH + block.len() >= json.len() {
        packed.push(PLAIN);
        packed.extend(json);
    } else {
        packed.push(form);
        packed.extend(&json.len().to_le_bytes()[..LENGTH]);
        packed.extend(block);
    }
    packed
}

/// The JSON again.
pub(crate) fn unpack(packed: &[u8]) -> Result<Cow<'_, [u8]>, StoreError> {
    match packed.split_first() {
        Some((&PLAIN, json)) => Ok(Cow::Borrowed(json)),
        Some((&RECORD_1, rest)) => unpack_block(rest, RECORDS_1).map(Cow::Owned),
        Some((&EVENT_1, rest)) => unpack_block(rest, EVENTS_1).map(Cow::Owned),
        Some((&form, _)) => Err(StoreError::Unreadable {
            reason: format!(
                "it is packed in form {form} and this gateway reads up to {EVENT_1}: upgrade it"
            ),
            source: None,
        }),
        None => Err(damaged(None)),
    }
}

fn unpack_block(rest: &[u8], dictionary: &[u8]) -> Result<Vec<u8>, StoreError> {
    let (length, block) = rest.split_at_checked(LENGTH).ok_or_else(|| damaged(None))?;
    let length = length
        .iter()
        .rev()
        .fold(0, |length, byte| (length << 8) | usize::from(*byte));
    decompress_with_dict(block, length, dictionary).map_err(|error| damaged(Some(error)))
}

fn damaged(cause: Option<lz4_flex::block::DecompressError>) -> StoreError {
    StoreError::Unreadable {
        reason: "it is damaged".to_owned(),
        source: cause.map(Into::into),
    }
}
