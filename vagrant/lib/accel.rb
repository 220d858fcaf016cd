# Whether KVM is of use here. /dev/kvm alone proves nothing: in a machine that is virtual itself it may be there and fail,
# hang, or stumble over an instruction once a kernel runs. So a machine is started as libvirt will start it: with the host's
# processor, and with the box's kernel where there is one; without, with a boot sector.

require "tempfile"
require "timeout"

module Accel
  # mov dx, 0xf4; mov al, 0x10; out dx, al; hlt
  SECTOR = ("\xba\xf4\x00\xb0\x10\xee\xf4".b + "\0" * 503 + "\x55\xaa".b).freeze
  # isa-debug-exit ends QEMU with twice the byte plus one.
  STATUS = 0x21
  SECONDS = 10
  QEMU = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
    "-machine", "q35,accel=kvm", "-cpu", "host", "-m", "512"].freeze

  def self.kvm_works?(kernel = nil)
    return false unless File.readable?("/dev/kvm") && File.writable?("/dev/kvm")
    kernel ? boots_kernel?(kernel) : boots_sector?
  end

  # Without a root file system the kernel panics, having come all the way there.
  def self.boots_kernel?(kernel)
    said = run(["-serial", "stdio", "-kernel", kernel, "-append", "console=ttyS0 panic=-1"]).first
    said.include?("Unable to mount root fs")
  end

  def self.boots_sector?
    Tempfile.create("bpf-lsm-kvm") do |disk|
      disk.binmode
      disk.write(SECTOR)
      disk.flush
      status = run(["-device", "isa-debug-exit,iobase=0xf4,iosize=0x01", "-drive", "file=#{disk.path},format=raw,if=ide"]).last
      status == STATUS
    end
  end

  # What the machine says, and QEMU's exit status, nil when it had to be killed.
  def self.run(args)
    output, writer = IO.pipe
    pid = spawn(*QEMU, *args, in: :close, out: writer, err: File::NULL)
    writer.close
    reader = Thread.new { output.read.force_encoding("BINARY") }
    status = Timeout.timeout(SECONDS) { Process.wait2(pid).last.exitstatus }
    [reader.value, status]
  rescue Timeout::Error
    Process.kill("KILL", pid)
    Process.wait(pid)
    [reader.value, nil]
  rescue Errno::ENOENT
    ["", nil]
  end
end
