//! # The job store of Batchway on Redis and Redis Cluster
