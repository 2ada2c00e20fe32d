package gateway

import (
	"encoding/binary"
	"net"
	"net/netip"
	"syscall"
)

// soOriginalDst is SO_ORIGINAL_DST of netfilter's connection tracking
// (linux/netfilter_ipv4.h), and IP6T_SO_ORIGINAL_DST, the same number for IPv6.
const soOriginalDst = 80

// originalDst is where a client dialled before netfilter redirected it here. A
// connection that was not translated, as with TPROXY, has its destination as its
// local address.
func originalDst(c *net.TCPConn) (netip.AddrPort, error) {
	local := addrOf(c.LocalAddr())
	raw, err := c.SyscallConn()
	if err != nil {
		return netip.AddrPort{}, err
	}
	dst := local
	err = raw.Control(func(fd uintptr) {
		if local.Addr().Is4() {
			dst = originalDst4(int(fd), local)
		} else {
			dst = originalDst6(int(fd), local)
		}
	})
	return dst, err
}

// originalDst4 reads a struct sockaddr_in. The option that package syscall reads
// into 16 bytes has another name and the same shape.
func originalDst4(fd int, local netip.AddrPort) netip.AddrPort {
	m, err := syscall.GetsockoptIPv6Mreq(fd, syscall.IPPROTO_IP, soOriginalDst)
	if err != nil {
		return local
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(m.Multiaddr[4:8])), binary.BigEndian.Uint16(m.Multiaddr[2:4]))
}

// originalDst6 reads a struct sockaddr_in6, the first 28 of 32 bytes.
func originalDst6(fd int, local netip.AddrPort) netip.AddrPort {
	m, err := syscall.GetsockoptIPv6MTUInfo(fd, syscall.IPPROTO_IPV6, soOriginalDst)
	if err != nil {
		return local
	}
	var port [2]byte
	binary.NativeEndian.PutUint16(port[:], m.Addr.Port) // the bytes are in network order
	return netip.AddrPortFrom(netip.AddrFrom16(m.Addr.Addr), binary.BigEndian.Uint16(port[:]))
}
