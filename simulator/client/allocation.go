package client

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"rehearse/proxy/wire/msturn"
	"rehearse/reports/journal"
	"rehearse/simulator/ice"
)

// How long the client waits for an answer of the A/V edge. Modelled: over UDP four
// requests, half a second and then twice as long apart (RFC 5389 7.2.1 has seven);
// over TCP one.
const (
	turnRTO   = 500 * time.Millisecond
	turnTries = 4
	turnLimit = 10 * time.Second
)

// allocation is a relay address at the A/V edge. One goroutine reads, another
// keeps it alive; both end with close.
type allocation struct {
	*Client
	conn   net.Conn
	name   string // the flow's
	stream bool   // TCP: frames around messages, RFC 4571 around packets

	relay     netip.AddrPort // what was allocated
	reflexive netip.AddrPort
	lifetime  time.Duration

	username msturn.Username
	password []byte

	arrived chan packet // what the client's calls wait for
	done    chan struct{}
	err     error           // why reading ended; set before done is closed
	ctx     context.Context // ends with rest
	quit    context.CancelFunc
	wait    sync.WaitGroup // of reading
	keeping sync.WaitGroup

	mu       sync.Mutex // guards writing and what follows
	realm    msturn.Realm
	nonce    msturn.Nonce
	key      *msturn.Key // nil before the challenge
	sequence msturn.SequenceNumber
	pending  map[msturn.TransactionID]turnRequest
	active   netip.AddrPort
	streams  map[netip.AddrPort]*ice.Packets // by peer
	keys     iceKeys
	closing  bool
}

// packet is what a peer sent through the relay: a good answer to a connectivity
// check, or anything else that is no check.
type packet struct {
	from  netip.AddrPort
	data  []byte
	check *ice.Check // nil for media
}

// iceKeys are the credentials of both ends of a call.
type iceKeys struct {
	ufrag, password             string
	remoteUfrag, remotePassword string
}

func newAllocation(w *walk, c net.Conn, name string, stream bool, r relayAt) *allocation {
	ctx, quit := context.WithCancel(context.Background())
	a := &allocation{
		Client: w.Client, conn: c, name: name, stream: stream, username: r.username, password: r.password,
		arrived: make(chan packet, 256), done: make(chan struct{}), quit: quit,
		pending: make(map[msturn.TransactionID]turnRequest), streams: make(map[netip.AddrPort]*ice.Packets),
	}
	a.ctx = ctx
	a.wait.Go(a.read)
	return a
}

// turnRequest is a request that waits for its answer.
type turnRequest struct {
	answer chan *msturn.Message
	shown  bool // the journal has the answer, too
}

// transact sends a request and waits for its answer. shown: the journal has both.
func (a *allocation) transact(w *walk, m *msturn.Message, shown bool) (*msturn.Message, error) {
	r := turnRequest{answer: make(chan *msturn.Message, 1), shown: shown}
	a.mu.Lock()
	a.pending[m.TransactionID] = r
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		delete(a.pending, m.TransactionID)
		a.mu.Unlock()
	}()
	if shown {
		a.record(a.name, journal.TURNSent{Message: m.Type.String()})
	}
	return a.exchange(w, m, r.answer)
}

func (a *allocation) exchange(w *walk, m *msturn.Message, answer <-chan *msturn.Message) (*msturn.Message, error) {
	tries, patience := turnTries, turnRTO
	if a.stream {
		tries, patience = 1, turnLimit
	}
	for ; tries > 0; tries, patience = tries-1, 2*patience {
		if err := a.write(msturn.FrameControl, m.Bytes()); err != nil {
			return nil, a.broken(err)
		}
		t := time.NewTimer(patience)
		select {
		case got := <-answer:
			t.Stop()
			return got, w.pause(think)
		case <-a.done:
			t.Stop()
			return nil, a.err
		case <-w.ctx.Done():
			t.Stop()
			return nil, w.ctx.Err()
		case <-t.C:
		}
	}
	return nil, &stop{result: journal.Timeout, code: codeTimeout}
}

// broken waits, after a failure to write, until the reader has seen the end, too.
func (a *allocation) broken(err error) error {
	a.conn.SetReadDeadline(time.Now().Add(time.Second))
	<-a.done
	return err
}

// noteOf is what is worth telling of an answer.
func noteOf(m *msturn.Message) string {
	if why, ok := msturn.Find[msturn.ErrorCode](m); ok {
		return "error " + why.String()
	}
	if relay, ok := msturn.Find[msturn.MappedAddress](m); ok {
		return "relay address " + netip.AddrPort(relay).String()
	}
	return ""
}

// write sends one message or one piece of data.
func (a *allocation) write(t msturn.FrameType, payload []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stream {
		payload = msturn.AppendFrame(nil, t, payload)
	}
	_, err := a.conn.Write(payload)
	return err
}

// send carries a packet to a peer: raw to the active destination, else in a Send
// request, which is never answered.
func (a *allocation) send(to netip.AddrPort, data []byte) error {
	if a.stream {
		data = ice.AppendPacket(nil, data)
	}
	a.mu.Lock()
	active := a.active
	a.mu.Unlock()
	if active == to {
		return a.write(msturn.FrameData, data)
	}
	m := a.request(msturn.SendRequest, msturn.DestinationAddress(to), msturn.Data(data))
	a.sign(m)
	return a.write(msturn.FrameControl, m.Bytes())
}

func (a *allocation) request(t msturn.Type, more ...msturn.Attribute) *msturn.Message {
	m := &msturn.Message{Type: t, Attributes: append([]msturn.Attribute{msturn.VersionICE2}, more...)}
	rand.Read(m.TransactionID[:]) // never fails
	return m
}

// activate makes a peer the active destination: from then on its data travels
// without messages around it.
func (a *allocation) activate(w *walk, to netip.AddrPort) error {
	m := a.request(msturn.SetActiveDestinationRequest, msturn.DestinationAddress(to))
	a.sign(m)
	answer, err := a.transact(w, m, true)
	if err != nil {
		return err
	}
	if answer.Type != msturn.SetActiveDestinationResponse {
		why, _ := msturn.Find[msturn.ErrorCode](answer)
		return w.refuse(fmt.Sprintf("msturn_%d", why.Code), why.Reason)
	}
	a.mu.Lock()
	a.active = to
	a.mu.Unlock()
	return nil
}

// rest ends the keeping alive: a refresh that came behind the giving up would get a
// new allocation.
func (a *allocation) rest() {
	a.quit()
	a.keeping.Wait()
}

// close gives the allocation up without a word and waits for its goroutines.
func (a *allocation) close() {
	a.mu.Lock()
	a.closing = true
	a.mu.Unlock()
	a.rest()
	a.conn.Close()
	a.wait.Wait()
}

// lost is why the allocation's connection has ended, or nil.
func (a *allocation) lost() error {
	select {
	case <-a.done:
		return a.err
	default:
		return nil
	}
}
