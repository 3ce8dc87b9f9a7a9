// Every RocksDB option that matters for safety or for the size of things, with its reason.
#pragma once

#include <rocksdb/options.h>

#include "storage/rocks/database.h"

namespace osprey::storage {

rocksdb::DBOptions database_options();
rocksdb::ColumnFamilyOptions family_options(Family family);

}  // namespace osprey::storage
