// The Go peer: what the other peers do, with cilium/ebpf. Reads what to do from standard input, a line for each round:
// case, target and count with tabs between them. Answers with a line of numbers: wall time and CPU time in ns, units
// done, check.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cilium/ebpf"
)

// Of every map of bench.bpf.c.
const entries = 10000

type runCase func(m *measured, target string, count uint64)

var cases = map[string]runCase{
	"load":             loadObject,
	"map-get":          mapGet,
	"map-has":          mapHas,
	"map-set":          mapSet,
	"map-delete":       mapDelete,
	"map-iterate":      mapIterate,
	"map-get-batch":    mapGetBatch,
	"map-set-batch":    mapSetBatch,
	"map-delete-batch": mapDeleteBatch,
	"ring":             ringRead,
	"ring-decoded":     ringDecoded,
}

// Time is counted between start and stop only, as often as a case calls them.
type measured struct {
	wall, cpu, units, check uint64
	wallBegan               time.Time
	cpuBegan                uint64
}

func (m *measured) start() {
	m.cpuBegan = cpuTime()
	m.wallBegan = time.Now()
}

func (m *measured) stop() {
	m.wall += uint64(time.Since(m.wallBegan))
	m.cpu += cpuTime() - m.cpuBegan
}

func cpuTime() uint64 {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return uint64(usage.Utime.Nano() + usage.Stime.Nano())
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var loaded *ebpf.Collection

// bench.bpf.o, loaded at the first call.
func benchObject() *ebpf.Collection {
	if loaded == nil {
		loaded = load(os.Args[1])
	}
	return loaded
}

// libbpf gives BPF_F_SLEEPABLE to syscall programs by itself, which the kernel asks of them.
const sleepable = 1 << 4

func load(path string) *ebpf.Collection {
	spec, err := ebpf.LoadCollectionSpec(path)
	must(err)
	for _, program := range spec.Programs {
		if program.Type == ebpf.Syscall {
			program.Flags |= sleepable
		}
	}
	collection, err := ebpf.NewCollection(spec)
	must(err)
	return collection
}

func loadObject(m *measured, path string, count uint64) {
	m.start()
	for ; m.units < count; m.units++ {
		load(path).Close()
	}
	m.stop()
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Split(lines.Text(), "\t")
		run, known := cases[words[0]]
		if !known {
			must(fmt.Errorf("there is no case %s", words[0]))
		}
		count, err := strconv.ParseUint(words[2], 10, 64)
		must(err)
		var m measured
		run(&m, words[1], count)
		fmt.Println(m.wall, m.cpu, m.units, m.check)
	}
	must(lines.Err())
}
