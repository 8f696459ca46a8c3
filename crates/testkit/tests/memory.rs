//! The database in memory keeps the contract.

landfall_testkit::store_contract!(landfall_testkit::Memory);
