{
  'variables': {
    # A sentence instead of a compiler's cascade when libbpf is missing or too old.
    'libbpf_cflags': '<!(node scripts/libbpf.cjs --cflags)',
    'libbpf_libs': '<!(node scripts/libbpf.cjs --libs)',
  },
  'targets': [
    {
      'target_name': 'bpf_lsm',
      'sources': [
        'native/core/error.cc',
        'native/core/link.cc',
        'native/core/log.cc',
        'native/core/map.cc',
        'native/core/names.cc',
        'native/core/object.cc',
        'native/core/pin.cc',
        'native/core/probe.cc',
        'native/core/program.cc',
        'native/core/program_probe.cc',
        'native/core/ring.cc',
        'native/core/symbols.cc',
        'native/addon/addon.cc',
        'native/addon/link.cc',
        'native/addon/map.cc',
        'native/addon/object.cc',
        'native/addon/poller.cc',
        'native/addon/probe.cc',
        'native/addon/program.cc',
        'native/addon/ring.cc',
      ],
      'dependencies': ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except_all"],
      'defines': [
        'NAPI_VERSION=9',
        'NODE_ADDON_API_DISABLE_DEPRECATED',
        'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      ],
      'cflags_cc!': ['-std=gnu++17', '-std=gnu++20'],
      'cflags_cc': ['-std=c++20', '-Wall', '-Wextra', '-fvisibility=hidden', '-fstack-protector-strong', '<(libbpf_cflags)'],
      'ldflags': ['-Wl,-z,relro,-z,now'],
      'libraries': ['<(libbpf_libs)'],
    },
  ],
}
