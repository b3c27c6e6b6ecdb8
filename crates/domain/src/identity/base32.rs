//! Crockford's base 32 in lower case: no letter that is mistaken for a digit, and the order of
//! the text is the order of the bytes.

use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};

pub(crate) static CROCKFORD: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification
        .symbols
        .push_str("0123456789abcdefghjkmnpqrstvwxyz");
    specification
        .encoding()
        .expect("thirty-two different symbols make an encoding")
});
