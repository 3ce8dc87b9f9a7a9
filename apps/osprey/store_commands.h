// `osprey store init|adopt|check|status`.
#pragma once

#include "apps/osprey/store_place.h"

namespace osprey::cli {

// Makes an empty store, and the key file, if one is named that is not there.
int init_store(const StorePlace& place);
// Makes a directory that was copied or restored a store of its own.
int adopt_store(const StorePlace& place);
// Reads every context: each is whole, and the key fits. Changes nothing.
int check_store(const StorePlace& place, bool json);
// What the server that serves it says about itself, as a line of JSON.
int ask_status(const StorePlace& place);

}  // namespace osprey::cli
