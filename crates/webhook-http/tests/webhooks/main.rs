//! Webhooks as receivers, and those who must never be one, meet them.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod canary;
mod contract;
mod dns_cases;
mod misbehaviour;
mod receiver;
mod redirect_cases;
mod requests;
mod scene;
mod special;
mod system_network;
mod tls;
mod url_cases;
mod world;

#[test]
fn there_are_more_than_five_hundred_cases() {
    let urls = url_cases::forbidden().len() + url_cases::harmless().len();
    let (names, redirects) = (dns_cases::cases().len(), redirect_cases::cases("1").len());
    println!("{urls} URLs, {names} answers of the DNS, {redirects} redirects");
    assert!(urls > 500 && names > 300 && redirects > 100);
}
