# What the environment variables choose, with the defaults.

class Choices
  KERNELS = ["7.3", "6.12"].freeze
  PUBLIC_BOX = "debian/trixie64"
  # QEMU before 8 leaves garbage in EFLAGS after an emulated cmpxchg16b, with which Linux 6.12 allocates memory. Linux 7.3
  # needs the instruction: without it, it has no memory for BPF's local storage.
  CPUS_OF_OLD_QEMU = { "7.3" => "max", "6.12" => "max,-cx16" }.freeze

  # With several emulated processors, one can execute a breakpoint that another has taken away already, where the kernel
  # patches its code (arch/x86/kernel/alternative.c poke_int3_handler()), as for each LSM hook that gets its first program:
  # it panics. Seen with QEMU 7.2 and Linux 7.3.
  CPUS = { "kvm" => 2, "qemu" => 1 }.freeze

  attr_reader :kernel, :box, :cpus, :memory, :sync, :driver

  def initialize(env)
    @kernel = one_of(env, "BPF_LSM_VM_KERNEL", KERNELS)
    @memory = number(env, "BPF_LSM_VM_MEMORY", 4096)
    @sync = one_of(env, "BPF_LSM_VM_SYNC", ["rsync", "virtiofs", "virtualbox", "vmware"])
    @box = env.fetch("BPF_LSM_VM_BOX") { built_here? ? own_name : PUBLIC_BOX }
    @driver = env.fetch("BPF_LSM_VM_DRIVER") { Accel.kvm_works?(own_kernel) ? "kvm" : "qemu" }
    @cpus = number(env, "BPF_LSM_VM_CPUS", CPUS.fetch(@driver, 2))
  end

  def own_box?
    @box == own_name
  end

  # Libvirt's driver; the other providers choose for themselves.
  def emulated?
    @driver == "qemu"
  end

  def emulated_cpu
    ["-cpu", CPUS_OF_OLD_QEMU.fetch(@kernel)]
  end

  # libvirt makes a pool of this name by itself.
  def storage_pool
    ENV.fetch("BPF_LSM_VM_POOL", "default")
  end

  # Node's variable for more certificates; npm in the machine needs the same.
  def certificates
    path = ENV["NODE_EXTRA_CA_CERTS"]
    path if path && File.file?(path)
  end

  private

  def own_name
    "bpf-lsm/debian-#{@kernel}"
  end

  def built_here?
    Dir.exist?(own_directory)
  end

  def own_directory
    home = ENV.fetch("VAGRANT_HOME") { File.join(Dir.home, ".vagrant.d") }
    File.join(home, "boxes", own_name.gsub("/", "-VAGRANTSLASH-"))
  end

  # The kernel of the box that was built here, which lies beside its disk.
  def own_kernel
    Dir.glob(File.join(own_directory, "*", "libvirt", "vmlinuz")).max
  end

  def one_of(env, name, values)
    value = env.fetch(name, values.first)
    return value if values.include?(value)
    abort "#{name} is #{value.inspect}: set it to #{values.join(" or ")}."
  end

  def number(env, name, default)
    value = Integer(env.fetch(name, default), exception: false)
    return value if value && value.positive?
    abort "#{name} is #{env[name].inspect}: set it to a number."
  end
end
