//! The duties of the port, through EventBridge and SQS.

use crate::aws::Aws;

batchway_port_contracts::event_feed_contract!(Aws::new());
