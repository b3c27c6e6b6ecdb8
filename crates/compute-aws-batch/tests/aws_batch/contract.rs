//! The duties of every compute backend, on emulators that run real containers, and on our own
//! fake, which behaves as AWS Batch does and runs local processes.

mod on_the_fake {
    use crate::fixture::Stage;

    batchway_port_contracts::compute_backend_contract!(Stage::on_the_fake());
}

mod on_moto {
    use crate::fixture::Stage;

    batchway_port_contracts::compute_backend_contract!(Stage::on_moto());
}

mod on_moto_through_the_failure_decorator {
    use crate::fixture::Stage;

    batchway_port_contracts::compute_backend_contract!(async {
        Stage::on_moto().await.decorated()
    });
}

mod on_localbatch {
    use crate::fixture::Stage;

    batchway_port_contracts::compute_backend_contract!(Stage::on_localbatch());
}
