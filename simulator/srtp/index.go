package srtp

// window is how far behind the newest packet another may come (RFC 3711 3.3.2).
const window = 64

// counter follows the packets of one source: of which index the newest was, and
// which of those before it came. The zero value has seen nothing.
type counter struct {
	any    bool
	newest uint64
	before uint64 // bit n: the packet of index newest-n came
}

// estimate is the index of a packet, of which only the low 16 bits are sent (RFC
// 3711 3.3.1).
func (c *counter) estimate(sequence uint16) uint64 {
	const turn, half = 1 << 16, 1 << 15
	if !c.any {
		return uint64(sequence)
	}
	index := c.newest&^(turn-1) | uint64(sequence)
	switch {
	case index+half < c.newest:
		index += turn
	case index > c.newest+half && index >= turn:
		index -= turn
	}
	return index
}

// take notes a packet, and says false when it came before or is too old to know.
func (c *counter) take(index uint64) bool {
	if !c.any {
		c.any, c.newest, c.before = true, index, 1
		return true
	}
	if index > c.newest {
		c.before = c.before<<(index-c.newest) | 1 // a shift by 64 and more gives 0
		c.newest = index
		return true
	}
	age := c.newest - index
	if age >= window || c.before&(1<<age) != 0 {
		return false
	}
	c.before |= 1 << age
	return true
}
