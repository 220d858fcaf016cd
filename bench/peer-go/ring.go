package main

import (
	"bytes"
	"encoding/binary"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
)

type request struct {
	Records uint32
	First   uint32
}

// The records of bench.bpf.c, as bpf2go declares them.
type tiny struct{ Sequence, TimeNs uint64 }

type numbers struct {
	Sequence, TimeNs, CgroupID                                     uint64
	Pid, Tid, UID, Gid, Parent, Flags, Inode, Device, Mode, Result uint32
}

type named struct {
	Sequence, TimeNs, CgroupID        uint64
	Pid, Tid, UID, Gid, Flags, Result uint32
	Comm                              [16]int8
}

type pathed struct {
	named
	Path [192]int8
}

var reader *ringbuf.Reader

// Fills the ring while the clock stands, and empties it while it runs, until `count` records came out.
func empty(m *measured, records string, count uint64, see func(sample []byte) uint64) {
	object := benchObject()
	if reader == nil {
		var err error
		reader, err = ringbuf.NewReader(object.Maps[records+"_ring"])
		must(err)
	}
	program := object.Programs["fill_"+records]
	sizes := map[string]uint64{"tiny": 16, "numbers": 64, "named": 64, "pathed": 256}
	most := uint64(object.Maps[records+"_ring"].MaxEntries()-1) / (sizes[records] + 8)
	var record ringbuf.Record
	for m.units < count {
		// The reader blocks on an empty ring, so how many records there are must be known before.
		wanted := count - m.units
		if wanted > most {
			wanted = most
		}
		_, err := program.Run(&ebpf.RunOptions{Context: request{uint32(wanted), uint32(m.units)}})
		must(err)
		m.start()
		for i := uint64(0); i < wanted; i++ {
			must(reader.ReadInto(&record))
			m.check = see(record.RawSample)
		}
		m.stop()
		m.units += wanted
	}
}

// Of every record one field is read.
func ringRead(m *measured, records string, count uint64) {
	empty(m, records, count, binary.LittleEndian.Uint64)
}

// As the examples of cilium/ebpf decode records.
func ringDecoded(m *measured, records string, count uint64) {
	decode := map[string]func([]byte) uint64{
		"tiny": func(sample []byte) uint64 {
			var event tiny
			must(binary.Read(bytes.NewReader(sample), binary.LittleEndian, &event))
			return event.Sequence
		},
		"numbers": func(sample []byte) uint64 {
			var event numbers
			must(binary.Read(bytes.NewReader(sample), binary.LittleEndian, &event))
			return event.Sequence
		},
		"named": func(sample []byte) uint64 {
			var event named
			must(binary.Read(bytes.NewReader(sample), binary.LittleEndian, &event))
			return event.Sequence
		},
		"pathed": func(sample []byte) uint64 {
			var event pathed
			must(binary.Read(bytes.NewReader(sample), binary.LittleEndian, &event))
			return event.Sequence
		},
	}
	empty(m, records, count, decode[records])
}
