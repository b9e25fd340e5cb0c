"""Free ports: nobody listens there, nobody else is given them, and the kernel gives them to nobody."""

import socket

from throwaway.port import FIRST, LAST, free_port


def test_a_port_is_given_once_and_lies_below_those_that_the_kernel_gives() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert all(FIRST <= port < LAST < 32_768 for port in ports)


def test_a_port_on_which_somebody_listens_is_passed_over() -> None:
    following = free_port() + 1
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", following))
        listener.listen()
        assert free_port() != following
