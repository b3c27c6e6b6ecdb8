//! How a case is run.

use std::future::Future;
use std::time::Duration;

/// The longest that a case may take. One that hangs fails by its name, not by the patience of
/// whoever runs the tests. It includes the start of servers, on a machine that does much else, and
/// programs of a hundred seconds that an emulator does not stop.
pub const DEADLINE: Duration = Duration::from_secs(300);

/// Runs one case to its end on a runtime of its own.
///
/// # Panics
/// Where the case does, and where it takes longer than [`DEADLINE`].
pub fn run_case(case: impl Future<Output = ()>) {
    let case = Box::pin(case);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("the operating system gives threads to a test")
        .block_on(async {
            tokio::time::timeout(DEADLINE, case)
                .await
                .expect("the case ends within its deadline");
        });
}

/// Makes a test of each case. `job_store::listing { a, b }` stands for the functions `a` and `b`
/// in that module; their tests are in a module `listing` of the adapter's.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_tests {
    ($fixture:expr => $($port:ident::$subject:ident { $($case:ident),+ $(,)? })+) => {
        $(
            mod $subject {
                #[allow(unused_imports, reason = "the fixture may be named by its full path")]
                use super::*;

                $(
                    #[test]
                    fn $case() {
                        $crate::run_case(async {
                            let fixture = $fixture.await;
                            $crate::$port::$subject::$case(&fixture).await;
                        });
                    }
                )+
            }
        )+
    };
}

/// Makes one test of all cases, which share what the fixture's expression shares.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_in_one_test {
    ($fixture:expr => $($port:ident::$subject:ident { $($case:ident),+ $(,)? })+) => {
        #[test]
        fn every_case_holds() {
            $($(
                $crate::run_case(async {
                    let fixture = $fixture.await;
                    $crate::$port::$subject::$case(&fixture).await;
                });
            )+)+
        }
    };
}
