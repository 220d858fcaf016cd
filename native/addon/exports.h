// What each file of the addon adds to its exports; the TypeScript interface Binding lists the same.
#pragma once

#include <napi.h>

namespace bpf_lsm {

void export_object(Napi::Object exports);
void export_object_programs(Napi::Object exports);
void export_program(Napi::Object exports);
void export_map(Napi::Object exports);
void export_attach(Napi::Object exports);
void export_cgroup(Napi::Object exports);
void export_map_batch(Napi::Object exports);
void export_map_elements(Napi::Object exports);
void export_map_memory(Napi::Object exports);
void export_map_objects(Napi::Object exports);
void export_object_maps(Napi::Object exports);
void export_link(Napi::Object exports);
void export_message_socket(Napi::Object exports);
void export_reader(Napi::Object exports);
void export_perf(Napi::Object exports);
void export_user_ring(Napi::Object exports);
void export_probe(Napi::Object exports);
void export_inventory(Napi::Object exports);

}  // namespace bpf_lsm
