package srtp

// Derived are the keys that RTP packets are protected with.
func Derived(m Master) (key, auth, salt []byte) {
	key, auth, salt = make([]byte, keySize), make([]byte, authSize), make([]byte, saltSize)
	m.stream(labelRTP, key)
	m.stream(labelRTP+1, auth)
	m.stream(labelRTP+2, salt)
	return key, auth, salt
}
