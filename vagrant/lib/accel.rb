# Whether KVM is of use here. /dev/kvm alone proves nothing: in a machine that is virtual itself it may be there and fail,
# or hang, when a processor is to run. So one is run: a boot sector that ends QEMU with a status of its own.

require "tempfile"
require "timeout"

module Accel
  # mov dx, 0xf4; mov al, 0x10; out dx, al; hlt
  SECTOR = ("\xba\xf4\x00\xb0\x10\xee\xf4".b + "\0" * 503 + "\x55\xaa".b).freeze
  # isa-debug-exit ends QEMU with twice the byte plus one.
  STATUS = 0x21
  SECONDS = 8

  def self.kvm_works?
    @kvm_works = probe if @kvm_works.nil?
    @kvm_works
  end

  def self.probe
    return false unless File.readable?("/dev/kvm") && File.writable?("/dev/kvm")
    Tempfile.create("bpf-lsm-kvm") do |disk|
      disk.binmode
      disk.write(SECTOR)
      disk.flush
      return boots?(disk.path)
    end
  end

  def self.boots?(disk)
    pid = spawn("qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-accel", "kvm", "-m", "32",
      "-device", "isa-debug-exit,iobase=0xf4,iosize=0x01", "-drive", "file=#{disk},format=raw,if=ide",
      in: :close, out: File::NULL, err: File::NULL)
    status = Timeout.timeout(SECONDS) { Process.wait2(pid).last }
    status.exitstatus == STATUS
  rescue Timeout::Error
    Process.kill("KILL", pid)
    Process.wait(pid)
    false
  rescue Errno::ENOENT
    false
  end
end
