package server

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"time"

	"rehearse/proxy/wire/msturn"
	"rehearse/reports/journal"
)

// leg is one client of the edge: a TCP connection, or a remote address on UDP. It
// has at most one allocation.
type leg struct {
	*edge
	tcp  *conn          // or
	udp  net.PacketConn // with
	to   net.Addr
	from netip.AddrPort
	flow string
	// session names the client on relay ports that many share.
	session msturn.SessionID
	known   keyed // of the last Send request; the reader's alone

	mu    sync.Mutex // of writing, and of what follows
	alloc *allocation
}

func (d *edge) newLeg(from netip.AddrPort, flow string) *leg {
	return &leg{edge: d, from: from, flow: flow, session: msturn.SessionID(random(8))}
}

func (l *leg) record(received bool, m *msturn.Message, note string) {
	l.Recorder.Record(l.flow, l.host.Name(), journal.TURNSent{Received: received, Message: m.Type.String(), Note: note})
}

// send writes a message to the client.
func (l *leg) send(m *msturn.Message, note string) {
	if note != "" || m.Type != msturn.DataIndication {
		l.record(false, m, note)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tcp != nil {
		_, _ = l.tcp.Write(msturn.AppendMessage(nil, m))
		return
	}
	_, _ = l.udp.WriteTo(m.Bytes(), l.to)
}

// sendRaw writes data of the active destination to the client.
func (l *leg) sendRaw(data []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tcp != nil {
		_, _ = l.tcp.Write(msturn.AppendFrame(nil, msturn.FrameData, data))
		return
	}
	_, _ = l.udp.WriteTo(data, l.to)
}

// take deals with a message. It says false when the edge closed meanwhile.
func (l *leg) take(m *msturn.Message) bool {
	if l.tcp != nil {
		l.tcp.after = m.Type.String()
	}
	if slow, ok := l.faults.find(l.server, l.host.Name(), serverSlow); ok && !l.pause(slow.Delay) {
		return false
	}
	switch m.Type {
	case msturn.AllocateRequest:
		l.record(true, m, "")
		l.allocate(m)
	case msturn.SendRequest:
		l.relay(m)
	case msturn.SetActiveDestinationRequest:
		l.record(true, m, "")
		l.setActive(m)
	}
	return true // what else comes is ignored, [MS-TURN] 3.1.10
}

// gate decides whether a request may pass.
func (l *leg) gate() msturn.Gate {
	return msturn.Gate{
		Realm:    l.realm,
		Password: l.password,
		Fresh:    l.fresh,
	}
}

// nonceLife is how long a nonce is good.
const nonceLife = 10 * time.Minute

// nonce is the time and a proof that it is ours, for this client only.
func (l *leg) nonce(at time.Time) msturn.Nonce {
	b := binary.BigEndian.AppendUint64(nil, uint64(at.UnixNano()))
	h := hmac.New(sha1.New, l.nonceKey)
	h.Write(b)
	h.Write([]byte(l.from.String()))
	return append(b, h.Sum(nil)[:12]...)
}

func (l *leg) fresh(nonce []byte) bool {
	const size = 20
	if len(nonce) != size {
		return false
	}
	at := time.Unix(0, int64(binary.BigEndian.Uint64(nonce)))
	age := l.Now().Sub(at)
	return hmac.Equal(nonce, l.nonce(at)) && age >= 0 && age < nonceLife
}

// allocate answers an Allocate request: it makes an allocation, refreshes it, or
// gives it up.
func (l *leg) allocate(m *msturn.Message) {
	if refusal, ok := l.gate().Check(m); !ok {
		l.refuse(m, refusal)
		return
	}
	lifetime, asked := msturn.Find[msturn.Lifetime](m)
	if asked && lifetime == 0 {
		l.release()
		l.grant(m, 0, netip.AddrPort{}, "released")
		return
	}
	a, fresh := l.allocation()
	note := "refreshed"
	if fresh {
		if refusal, ok := l.room(m); !ok {
			l.refuse(m, refusal)
			return
		}
		var err error
		if a, err = l.open(m); err != nil {
			l.refuse(m, msturn.Failure(486))
			return
		}
		note = "allocated"
	}
	granted := edgeLifetime
	if asked {
		granted = min(max(lifetime, edgeLifetime), edgeLongest)
	}
	a.refresh(granted.Duration())
	l.grant(m, granted, a.addr, note)
}

// room says whether faults and the user's quota let there be another allocation.
func (l *leg) room(m *msturn.Message) (msturn.ErrorCode, bool) {
	if _, full := l.faults.find(l.server, l.host.Name(), edgeFull); full {
		return msturn.Failure(486), false
	}
	if _, other := l.faults.find(l.server, l.host.Name(), edgeAlternate); other {
		return msturn.Failure(300), false
	}
	user, _ := msturn.Find[msturn.Username](m)
	l.edge.mu.Lock()
	defer l.edge.mu.Unlock()
	if l.users[string(user)] >= edgeQuota {
		return msturn.Failure(486), false
	}
	return msturn.ErrorCode{}, true
}

// refuse answers with an error. Nonce and realm come with every one; integrity
// never comes with a 401.
func (l *leg) refuse(m *msturn.Message, why msturn.ErrorCode) {
	alternate := l.self
	if l.tcp == nil {
		alternate = l.selfUDP
	}
	if f, ok := l.faults.find(l.server, l.host.Name(), edgeAlternate); ok {
		if to, err := netip.ParseAddrPort(f.Value); err == nil {
			alternate = to
		}
	}
	answer := &msturn.Message{Type: msturn.AllocateError, TransactionID: m.TransactionID, Attributes: []msturn.Attribute{
		why, l.nonce(l.Now()), l.realm, msturn.AlternateServer(alternate), l.version(m), msturn.XORMappedAddress(l.from),
	}}
	if why.Code == 420 {
		answer.Attributes = append(answer.Attributes, msturn.Unserved(m))
	}
	if why.Code == 401 && l.multiplexes(m) {
		answer.Attributes = append(answer.Attributes, l.session)
	}
	l.send(answer, "error "+why.String())
}

// version is the protocol version to speak: the client's, of those that there are.
func (l *leg) version(m *msturn.Message) msturn.Version {
	v, ok := msturn.Find[msturn.Version](m)
	if !ok {
		return msturn.VersionICE2
	}
	return min(max(v, msturn.VersionICE), msturn.VersionMultiplexed)
}

// grant answers with an allocation.
func (l *leg) grant(m *msturn.Message, lifetime msturn.Lifetime, relay netip.AddrPort, note string) {
	answer := &msturn.Message{Type: msturn.AllocateResponse, TransactionID: m.TransactionID}
	answer.Attributes = append(answer.Attributes, lifetime)
	if relay.IsValid() {
		answer.Attributes = append(answer.Attributes, msturn.MappedAddress(relay))
	}
	answer.Attributes = append(answer.Attributes, l.version(m), msturn.XORMappedAddress(l.from))
	if relay.IsValid() {
		answer.Attributes = append(answer.Attributes, l.sequence(), msturn.Software(edgeSoftware), edgeRate)
	}
	answer.SignLike(m, l.key(m))
	l.send(answer, note)
}

// key is the key of a request that was authenticated.
func (l *leg) key(m *msturn.Message) msturn.Key {
	user, _ := msturn.Find[msturn.Username](m)
	password, _ := l.password(user)
	return msturn.NewKey(user, l.realm, password)
}

// authentic says whether a Send or Set Active Destination request has the right
// integrity. Neither needs nonce and realm; libnice sends a realm all the same.
func (l *leg) authentic(m *msturn.Message) bool {
	user, ok := msturn.Find[msturn.Username](m)
	if !ok {
		return false
	}
	if l.known.until.Before(time.Now()) || !bytes.Equal(l.known.user, user) {
		password, ok := l.password(user)
		if !ok {
			return false
		}
		l.known = keyed{bytes.Clone(user), msturn.NewKey(user, l.realm, password), time.Now().Add(keyLife)}
	}
	return m.Verify(l.known.key) == nil
}

// keyed is the key of a user name, made not for each of the many Send requests of a
// client but once in keyLife.
type keyed struct {
	user  msturn.Username
	key   msturn.Key
	until time.Time
}

const keyLife = time.Second
