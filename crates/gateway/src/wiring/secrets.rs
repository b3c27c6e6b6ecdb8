//! The secrets that sign, the same for all gateways of one store.

use batchway_domain::ports::Entropy;
use batchway_domain::security::{Purpose, SigningSecrets};
use data_encoding::HEXLOWER;

use super::Store;
use crate::configuration::Configuration;
use crate::data_folder::DataFolder;
use crate::failure::Failure;

/// The configured secrets, or the one of the data folder, made at its first start. Where a store
/// can have other gateways, those need the same.
pub(super) async fn agreed(
    configuration: &Configuration,
    folder: &DataFolder,
    store: &Store,
    entropy: &dyn Entropy,
) -> Result<SigningSecrets, Failure> {
    let own = match &configuration.secrets {
        Some(secrets) => secrets
            .iter()
            .map(|secret| secret.reveal().as_bytes().to_vec())
            .collect(),
        None => vec![folder.secret(entropy)?],
    };
    let secrets = SigningSecrets::new(own).map_err(Failure::misconfigured)?;
    let fingerprint = HEXLOWER.encode(&secrets.sign(Purpose::Fingerprint, &[]));
    let kept = store.fingerprint(&fingerprint).await?;
    if !knows(&secrets, &kept) {
        return Err(other_secret(configuration, folder));
    }
    if kept != fingerprint {
        // All know the new one by now, as every gateway that signs with it had to know the old.
        store.replace_fingerprint(&fingerprint).await?;
    }
    Ok(secrets)
}

/// Whether one of the secrets made the fingerprint, so that what it signs can be checked here.
fn knows(secrets: &SigningSecrets, fingerprint: &str) -> bool {
    HEXLOWER
        .decode(fingerprint.as_bytes())
        .is_ok_and(|signature| secrets.verify(Purpose::Fingerprint, &[], &signature))
}

fn other_secret(configuration: &Configuration, folder: &DataFolder) -> Failure {
    let ours = match &configuration.secrets {
        Some(_) => "that in BATCHWAY_SECRET".to_owned(),
        None => format!("that in {}", folder.path().join("secret").display()),
    };
    Failure::misconfigured(format!(
        "the gateways of this Redis sign with another secret than this one has, which is {ours}: \
         links and tokens of one would not be good at the others. Set BATCHWAY_SECRET to the same \
         text on all of them. If the first one made its own, it is in the file `secret` of that \
         one's data folder; `openssl rand -hex 32` makes a new one"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(texts: &[&str]) -> SigningSecrets {
        let bytes = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
        SigningSecrets::new(bytes).unwrap()
    }

    #[test]
    fn a_fingerprint_is_known_by_those_who_have_its_secret_among_theirs() {
        let (old, new) = ("o".repeat(32), "n".repeat(32));
        let kept = HEXLOWER.encode(&secrets(&[&old]).sign(Purpose::Fingerprint, &[]));
        assert!(knows(&secrets(&[&old]), &kept));
        assert!(knows(&secrets(&[&new, &old]), &kept));
        assert!(!knows(&secrets(&[&new]), &kept));
        assert!(!knows(&secrets(&[&old]), "not a fingerprint"));
    }
}
