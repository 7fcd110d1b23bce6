#if os(Linux) && !SWITCHBOARD_PORTABLE_IO
    internal import CSockets
    #if canImport(Musl)
        internal import Musl
    #elseif canImport(Glibc)
        internal import Glibc
    #endif

    extension SendBatch {
        /// Sends with `sendmmsg`, runs as segmented datagrams (`UDP_SEGMENT`).
        mutating func sendTogether(to socket: borrowing UDPSocket) {
            for index in 0..<messageCount where segmentSizes[index] != 0 { requestSegmentation(of: index) }
            var done = 0
            while done < messageCount {
                let count = csockets_send(socket.descriptor, messages + done, UInt32(messageCount - done), 0)
                systemCalls += 1
                if count > 0 {
                    for index in done..<(done + Int(count)) { sentDatagrams += datagrams(in: index) }
                    done += Int(count)
                    continue
                }
                let reason = errno
                if reason == EINTR { continue }
                if segmentSizes[done] != 0, reason == EIO || reason == EINVAL || reason == EOPNOTSUPP {
                    usesSegmentation = false
                    sendUnsegmented(done, to: socket)
                } else {
                    refusedDatagrams += datagrams(in: done)
                }
                done += 1
            }
        }

        private func requestSegmentation(of index: Int) {
            let control = controls + index * SendBatch.controlStride
            csockets_set_segment_size(control, segmentSizes[index])
            messages[index].header.msg_control = control
            messages[index].header.msg_controllen = .init(csockets_segment_control_length())
        }

        private func datagrams(in index: Int) -> Int {
            let size = Int(segmentSizes[index])
            return size == 0 ? 1 : (vectors[index].iov_len + size - 1) / size
        }

        private mutating func sendUnsegmented(_ index: Int, to socket: borrowing UDPSocket) {
            guard let base = vectors[index].iov_base else { return }
            let total = vectors[index].iov_len
            let size = Int(segmentSizes[index])
            for offset in stride(from: 0, to: total, by: size) {
                let length = min(size, total - offset)
                let sent = UnsafeRawPointer(addresses + index).withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(socket.descriptor, base + offset, length, 0, $0, addresses[index].length)
                }
                systemCalls += 1
                if sent == length { sentDatagrams += 1 } else { refusedDatagrams += 1 }
            }
        }
    }
#endif
