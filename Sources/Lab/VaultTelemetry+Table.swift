extension VaultTelemetry {
    /// The telemetry of Vault 1.8, recorded 449 s after the start of a node. Each line is
    /// `pages|type|name|help (if it is not the name)|labels|values`. Pages are a(ctive), s(tandby) and x (sealed). The
    /// values of a summary are its quantiles, sum and count. `vault_core_unsealed` is added by `page`.
    static let table = #"""
        asx|summary|go_gc_duration_seconds|A summary of the pause duration of garbage collection cycles.||q0=2.4547e-05 q0.25=6.5507e-05 q0.5=0.000189472 q0.75=0.000347405 q1=0.003173116 sum=0.004814706 count=10
        asx|gauge|go_goroutines|Number of goroutines that currently exist.||251
        asx|gauge|go_info|Information about the Go environment.|version="go1.19.8"|1
        asx|gauge|go_memstats_alloc_bytes|Number of bytes allocated and still in use.||2.0404352e+07
        asx|counter|go_memstats_alloc_bytes_total|Total number of bytes allocated, even if freed.||6.4574816e+07
        asx|gauge|go_memstats_buck_hash_sys_bytes|Number of bytes used by the profiling bucket hash table.||1.48837e+06
        asx|counter|go_memstats_frees_total|Total number of frees.||525355
        asx|gauge|go_memstats_gc_cpu_fraction|The fraction of this program's available CPU time used by the GC since the program started.||5.8686110224918325e-05
        asx|gauge|go_memstats_gc_sys_bytes|Number of bytes used for garbage collection system metadata.||1.0223984e+07
        asx|gauge|go_memstats_heap_alloc_bytes|Number of heap bytes allocated and still in use.||2.0404352e+07
        asx|gauge|go_memstats_heap_idle_bytes|Number of heap bytes waiting to be used.||5.808128e+06
        asx|gauge|go_memstats_heap_inuse_bytes|Number of heap bytes that are in use.||2.2339584e+07
        asx|gauge|go_memstats_heap_objects|Number of allocated objects.||152104
        asx|gauge|go_memstats_heap_released_bytes|Number of heap bytes released to OS.||1.572864e+06
        asx|gauge|go_memstats_heap_sys_bytes|Number of heap bytes obtained from system.||2.8147712e+07
        asx|gauge|go_memstats_last_gc_time_seconds|Number of seconds since 1970 of last garbage collection.||1.7954669357214212e+09
        asx|counter|go_memstats_lookups_total|Total number of pointer lookups.||0
        asx|counter|go_memstats_mallocs_total|Total number of mallocs.||677459
        asx|gauge|go_memstats_mcache_inuse_bytes|Number of bytes in use by mcache structures.||2400
        asx|gauge|go_memstats_mcache_sys_bytes|Number of bytes used for mcache structures obtained from system.||15600
        asx|gauge|go_memstats_mspan_inuse_bytes|Number of bytes in use by mspan structures.||272448
        asx|gauge|go_memstats_mspan_sys_bytes|Number of bytes used for mspan structures obtained from system.||325440
        asx|gauge|go_memstats_next_gc_bytes|Number of heap bytes when next garbage collection will take place.||2.6780888e+07
        asx|gauge|go_memstats_other_sys_bytes|Number of bytes used for other system allocations.||641398
        asx|gauge|go_memstats_stack_inuse_bytes|Number of bytes in use by the stack allocator.||1.212416e+06
        asx|gauge|go_memstats_stack_sys_bytes|Number of bytes obtained from system for stack allocator.||1.212416e+06
        asx|gauge|go_memstats_sys_bytes|Number of bytes obtained from system.||4.205492e+07
        asx|gauge|go_threads|Number of OS threads created.||9
        asx|counter|process_cpu_seconds_total|Total user and system CPU time spent in seconds.||1.88
        asx|gauge|process_max_fds|Maximum number of open file descriptors.||20000
        asx|gauge|process_open_fds|Number of open file descriptors.||19
        asx|gauge|process_resident_memory_bytes|Resident memory size in bytes.||9.8922496e+07
        asx|gauge|process_start_time_seconds|Start time of the process since unix epoch in seconds.||1.79546657014e+09
        asx|gauge|process_virtual_memory_bytes|Virtual memory size in bytes.||1.366474752e+09
        asx|gauge|process_virtual_memory_max_bytes|Maximum amount of virtual memory available in bytes.||-1
        a|summary|vault_audit_file__log_request|||q0.5=0.05788600072264671 q0.9=1.1760940551757812 q0.99=1.1760940551757812 sum=1.3151310570538044 count=3
        a|summary|vault_audit_file__log_response|||q0.5=0.026388999074697495 q0.9=0.09344899654388428 q0.99=0.09344899654388428 sum=3.8443619925528765 count=4
        a|summary|vault_audit_log_request|||q0.5=0.06864199787378311 q0.9=1.2023429870605469 q0.99=1.2023429870605469 sum=1.4414779865182936 count=9
        a|counter|vault_audit_log_request_failure|||0
        a|summary|vault_audit_log_response|||q0.5=0.03554200008511543 q0.9=0.10418400168418884 q0.99=0.10418400168418884 sum=4.181280001066625 count=9
        a|counter|vault_audit_log_response_failure|||0
        a|counter|vault_barrier_estimated_encryptions||term="1"|46
        as|summary|vault_barrier_get|||q0.5=0.03417100012302399 q0.9=0.03813700005412102 q0.99=0.03813700005412102 sum=34.78801476606168 count=123
        a|summary|vault_barrier_list|||q0.5=NaN q0.9=NaN q0.99=NaN sum=68.72255673457403 count=24
        a|summary|vault_barrier_put|||q0.5=NaN q0.9=NaN q0.99=NaN sum=67.19284427165985 count=43
        a|counter|vault_cache_hit|||72
        a|counter|vault_cache_miss|||45
        a|counter|vault_cache_write|||42
        a|gauge|vault_core_active||cluster="$cluster"|1
        a|summary|vault_core_check_token|||q0.5=0.41141998767852783 q0.9=0.4224259853363037 q0.99=0.4224259853363037 sum=3.808877993375063 count=9
        a|summary|vault_core_fetch_acl_and_token|||q0.5=0.40230700373649597 q0.9=0.41342300176620483 q0.99=0.41342300176620483 sum=1.6119010150432587 count=10
        a|summary|vault_core_handle_login_request|||q0.5=NaN q0.9=NaN q0.99=NaN sum=0.5211330056190491 count=1
        a|summary|vault_core_handle_request|||q0.5=0.5199009776115417 q0.9=1.717568039894104 q0.99=1.717568039894104 sum=23.48300278186798 count=8
        a|gauge|vault_core_mount_table_num_entries||cluster="$cluster",local="false",type="auth"|1
        a|gauge|vault_core_mount_table_num_entries||cluster="$cluster",local="false",type="logical"|3
        a|gauge|vault_core_mount_table_num_entries||cluster="$cluster",local="true",type="auth"|0
        a|gauge|vault_core_mount_table_num_entries||cluster="$cluster",local="true",type="logical"|1
        a|gauge|vault_core_mount_table_size||cluster="$cluster",local="false",type="auth"|251
        a|gauge|vault_core_mount_table_size||cluster="$cluster",local="false",type="logical"|468
        a|gauge|vault_core_mount_table_size||cluster="$cluster",local="true",type="auth"|56
        a|gauge|vault_core_mount_table_size||cluster="$cluster",local="true",type="logical"|394
        a|gauge|vault_core_performance_standby||cluster="$cluster"|0
        a|summary|vault_core_post_unseal|||q0.5=NaN q0.9=NaN q0.99=NaN sum=66.83158111572266 count=2
        a|summary|vault_core_pre_seal|||q0.5=NaN q0.9=NaN q0.99=NaN sum=0.17769399285316467 count=1
        a|gauge|vault_core_replication_dr_primary||cluster="$cluster"|0
        a|gauge|vault_core_replication_dr_secondary||cluster="$cluster"|0
        a|gauge|vault_core_replication_performance_primary||cluster="$cluster"|0
        a|gauge|vault_core_replication_performance_secondary||cluster="$cluster"|0
        as|summary|vault_core_unseal|||q0.5=NaN q0.9=NaN q0.99=NaN sum=1.721463954076171 count=3
        a|summary|vault_expire_fetch_lease_times|||q0.5=0.00330400001257658 q0.9=0.005679000169038773 q0.99=0.005679000169038773 sum=0.01421100040897727 count=3
        a|summary|vault_expire_fetch_lease_times_by_token|||q0.5=0.01827700063586235 q0.9=0.018526999279856682 q0.99=0.018526999279856682 sum=0.09364799968898296 count=3
        a|gauge|vault_expire_num_leases|||1
        a|summary|vault_expire_register_auth|||q0.5=NaN q0.9=NaN q0.99=NaN sum=1.293038010597229 count=1
        s|summary|vault_ha_rpc_client_forward|||q0.5=1.8829779624938965 q0.9=1.8829779624938965 q0.99=1.8829779624938965 sum=1.8829779624938965 count=1
        a|summary|vault_policy_get_policy|||q0.5=0.0023129999171942472 q0.9=0.03309899941086769 q0.99=0.03309899941086769 sum=7.454425879986957 count=22
        a|summary|vault_policy_set_policy|||q0.5=NaN q0.9=NaN q0.99=NaN sum=1.8422869443893433 count=1
        asx|summary|vault_postgres_get|||q0.5=NaN q0.9=NaN q0.99=NaN sum=37.25917895138264 count=64
        asx|summary|vault_postgres_list|||q0.5=NaN q0.9=NaN q0.99=NaN sum=71.73963361978531 count=27
        a|summary|vault_postgres_put|||q0.5=1.1586229801177979 q0.9=1.1586229801177979 q0.99=1.1586229801177979 sum=99.54626882076263 count=50
        a|summary|vault_rollback_attempt_auth_token_|||q0.5=NaN q0.9=NaN q0.99=NaN sum=1.7043430134654045 count=7
        a|summary|vault_rollback_attempt_cubbyhole_|||q0.5=NaN q0.9=NaN q0.99=NaN sum=0.4825210142880678 count=7
        a|summary|vault_rollback_attempt_identity_|||q0.5=NaN q0.9=NaN q0.99=NaN sum=2.360880956053734 count=7
        a|summary|vault_rollback_attempt_smtp_|||q0.5=NaN q0.9=NaN q0.99=NaN sum=0.27481700107455254 count=7
        a|summary|vault_rollback_attempt_sys_|||q0.5=NaN q0.9=NaN q0.99=NaN sum=0.5913049951195717 count=7
        a|summary|vault_route_create_smtp_|||q0.5=NaN q0.9=NaN q0.99=NaN sum=1.1328699588775635 count=1
        a|summary|vault_route_read_sys_|||q0.5=0.021261999383568764 q0.9=0.06174200028181076 q0.99=0.06174200028181076 sum=0.4119419902563095 count=4
        a|summary|vault_route_rollback_auth_token_|||q0.5=NaN q0.9=NaN q0.99=NaN sum=0.04481500026304275 count=7
        a|summary|vault_route_rollback_cubbyhole_|||q0.5=NaN q0.9=NaN q0.99=NaN sum=0.009185000148136169 count=7
        a|summary|vault_route_rollback_identity_|||q0.5=NaN q0.9=NaN q0.99=NaN sum=2.168976942077279 count=7
        a|summary|vault_route_rollback_smtp_|||q0.5=NaN q0.9=NaN q0.99=NaN sum=0.02870200015604496 count=7
        a|summary|vault_route_rollback_sys_|||q0.5=NaN q0.9=NaN q0.99=NaN sum=0.2000960037112236 count=7
        a|summary|vault_route_update_auth_token_|||q0.5=NaN q0.9=NaN q0.99=NaN sum=4.343611940741539 count=2
        a|summary|vault_route_update_smtp_|||q0.5=NaN q0.9=NaN q0.99=NaN sum=0.7614099979400635 count=1
        a|summary|vault_route_update_sys_|||q0.5=NaN q0.9=NaN q0.99=NaN sum=11.64531640522182 count=6
        asx|gauge|vault_runtime_alloc_bytes|||1.9696144e+07
        asx|gauge|vault_runtime_free_count|||524629
        asx|summary|vault_runtime_gc_pause_ns|||q0.5=NaN q0.9=NaN q0.99=NaN sum=4.814706e+06 count=10
        asx|gauge|vault_runtime_heap_objects|||142643
        asx|gauge|vault_runtime_malloc_count|||667272
        asx|gauge|vault_runtime_num_goroutines|||243
        asx|gauge|vault_runtime_sys_bytes|||4.205492e+07
        asx|gauge|vault_runtime_total_gc_pause_ns|||4.814706e+06
        asx|gauge|vault_runtime_total_gc_runs|||10
        as|counter|vault_seal_decrypt|||1
        as|summary|vault_seal_decrypt_time|||q0.5=NaN q0.9=NaN q0.99=NaN sum=0.02265400066971779 count=1
        a|counter|vault_seal_encrypt|||1
        a|summary|vault_seal_encrypt_time|||q0.5=NaN q0.9=NaN q0.99=NaN sum=0.04010000079870224 count=1
        as|counter|vault_seal_shamir_decrypt|||1
        as|summary|vault_seal_shamir_decrypt_time|||q0.5=NaN q0.9=NaN q0.99=NaN sum=0.06725999712944031 count=1
        a|counter|vault_seal_shamir_encrypt|||1
        a|summary|vault_seal_shamir_encrypt_time|||q0.5=NaN q0.9=NaN q0.99=NaN sum=0.12213099747896194 count=1
        a|summary|vault_token_create|||q0.5=NaN q0.9=NaN q0.99=NaN sum=6.71909499168396 count=2
        a|summary|vault_token_createAccessor|||q0.5=NaN q0.9=NaN q0.99=NaN sum=2.9925689697265625 count=2
        a|counter|vault_token_create_root|||1
        a|counter|vault_token_creation||auth_method="token",cluster="$cluster",creation_ttl="1d",mount_point="auth/token/",namespace="root",token_type="service"|1
        a|summary|vault_token_lookup|||q0.5=0.11062400043010712 q0.9=0.1658560037612915 q0.99=0.1658560037612915 sum=2.0773490481078625 count=13
        """#
}
