"""The handlers that come with Waybill."""
