package main

import (
	"errors"
	"runtime"
	"strings"

	"github.com/cilium/ebpf"
)

// A value of hash_struct, as bpf2go declares it.
type traffic struct {
	Packets  uint64
	Bytes    uint64
	LastPort uint32
	Protocol uint16
	Flags    uint16
}

func isStruct(name string) bool { return name == "hash_struct" }
func isPerCPU(name string) bool { return strings.HasPrefix(name, "percpu") }

func set(m *ebpf.Map, name string, key uint32, number uint64) {
	switch {
	case isStruct(name):
		must(m.Put(key, &traffic{number, 1500, 443, 6, 1}))
	case isPerCPU(name):
		values := make([]uint64, runtime.NumCPU())
		for i := range values {
			values[i] = number
		}
		must(m.Put(key, values))
	default:
		must(m.Put(key, number))
	}
}

// Sets every key, to itself.
func fill(name string) *ebpf.Map {
	m := benchObject().Maps[name]
	for key := uint32(0); key < entries; key++ {
		set(m, name, key, uint64(key))
	}
	return m
}

var filled = map[string]*ebpf.Map{}

func fillOnce(name string) *ebpf.Map {
	if filled[name] == nil {
		filled[name] = fill(name)
	}
	return filled[name]
}

func lookup(m *ebpf.Map, name string, key uint32) (uint64, error) {
	switch {
	case isStruct(name):
		var value traffic
		err := m.Lookup(key, &value)
		return value.Packets, err
	case isPerCPU(name):
		var values []uint64
		err := m.Lookup(key, &values)
		if err != nil {
			return 0, err
		}
		return values[0], nil
	default:
		var value uint64
		err := m.Lookup(key, &value)
		return value, err
	}
}

func mapGet(m *measured, name string, count uint64) {
	bpfMap := fillOnce(name)
	m.start()
	for ; m.units < count; m.units++ {
		value, err := lookup(bpfMap, name, uint32(m.units%entries))
		must(err)
		m.check = value
	}
	m.stop()
}

func mapHas(m *measured, name string, count uint64) {
	bpfMap := fillOnce(name)
	m.start()
	for ; m.units < count; m.units++ {
		_, err := lookup(bpfMap, name, uint32(m.units%entries))
		if !errors.Is(err, ebpf.ErrKeyNotExist) {
			m.check++
		}
	}
	m.stop()
}

func mapSet(m *measured, name string, count uint64) {
	bpfMap := fillOnce(name)
	m.start()
	for ; m.units < count; m.units++ {
		set(bpfMap, name, uint32(m.units%entries), m.units)
	}
	m.stop()
}

// In rounds over all keys, which are set again while the clock stands.
func mapDelete(m *measured, name string, count uint64) {
	for m.units < count {
		bpfMap := fill(name)
		m.start()
		for key := uint32(0); key < entries && m.units < count; key++ {
			must(bpfMap.Delete(key))
			m.units++
		}
		m.stop()
	}
}

func mapIterate(m *measured, name string, count uint64) {
	bpfMap := fillOnce(name)
	for m.units < count {
		m.start()
		var key uint32
		all := bpfMap.Iterate()
		switch {
		case isStruct(name):
			for value := (traffic{}); all.Next(&key, &value); {
				m.units++
			}
		case isPerCPU(name):
			for values := []uint64(nil); all.Next(&key, &values); {
				m.units++
			}
		default:
			for value := uint64(0); all.Next(&key, &value); {
				m.units++
			}
		}
		must(all.Err())
		m.stop()
	}
}

func mapGetBatch(m *measured, name string, count uint64) {
	bpfMap := fillOnce(name)
	keys := make([]uint32, entries)
	for m.units < count {
		var cursor uint32
		m.start()
		n, sum, err := 0, uint64(0), error(nil)
		if isStruct(name) {
			values := make([]traffic, entries)
			n, err = bpfMap.BatchLookup(nil, &cursor, keys, values, nil)
			for i := 0; i < n; i++ {
				sum += values[i].Packets
			}
		} else {
			values := make([]uint64, entries)
			n, err = bpfMap.BatchLookup(nil, &cursor, keys, values, nil)
			for i := 0; i < n; i++ {
				sum += values[i]
			}
		}
		if err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			must(err)
		}
		m.stop()
		m.units += uint64(n)
		m.check = sum
	}
}

func batch(name string, number uint64) ([]uint32, interface{}) {
	keys := make([]uint32, entries)
	for i := range keys {
		keys[i] = uint32(i)
	}
	if isStruct(name) {
		values := make([]traffic, entries)
		for i := range values {
			values[i] = traffic{number, 1500, 443, 6, 1}
		}
		return keys, values
	}
	values := make([]uint64, entries)
	for i := range values {
		values[i] = number
	}
	return keys, values
}

func mapSetBatch(m *measured, name string, count uint64) {
	bpfMap := benchObject().Maps[name]
	for m.units < count {
		m.start()
		keys, values := batch(name, m.units)
		n, err := bpfMap.BatchUpdate(keys, values, nil)
		must(err)
		m.stop()
		m.units += uint64(n)
	}
}

func mapDeleteBatch(m *measured, name string, count uint64) {
	for m.units < count {
		bpfMap := fill(name)
		m.start()
		keys, _ := batch(name, 0)
		n, err := bpfMap.BatchDelete(keys, nil)
		must(err)
		m.stop()
		m.units += uint64(n)
	}
}
