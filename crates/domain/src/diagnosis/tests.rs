use super::*;

#[test]
fn every_code_leads_to_a_mend() {
    for known in WAITING_CODES {
        assert!(!known.mends().is_empty(), "{}", known.code);
    }
}
