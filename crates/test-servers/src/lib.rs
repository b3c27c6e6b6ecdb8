//! # Servers that the tests of Batchway run against: Redis, moto, a container engine
