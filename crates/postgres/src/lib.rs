//! Store and Views on PostgreSQL.
